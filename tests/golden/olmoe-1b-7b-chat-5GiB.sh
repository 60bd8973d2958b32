#!/bin/sh
# OLMoE-1B-7B-0924 for one person, one conversation (512 tokens in, 256 out, 1 at once) on Synthetic 400, synthetic-1.0
# Written by vkpareto from the result with SHA-256 1a373ee25fcc354a3654ffd8a7f9ec246a3ebe62d6f36cba8aa6b76cdd6370e3
# Expected, measured with vkpareto's kernels, not with llama.cpp's:
#   time to first token 111 ms (109 ms to 112 ms)
#   time per token      4.07 ms (3.99 ms to 4.16 ms)
#   memory              3.76 GiB
#   perplexity          +7.57 %
#   of these times      first token: matmul 25 %, experts 65 %, attention 2 %, rest 7 %; each further: matmul 26 %, experts 51 %, attention 8 %, rest 15 %
#   2 % of the predicted time rests on extrapolated rows
# Why (--prefer balanced: the least of the product of 1 + (x - best) / (worst - best) over request time, memory, quality loss and energy, what is known of them, best and worst of the feasible front):
# qkv = int4_g32: 20.5 ms of ttft (leave-one-out error 1 % over 14 shapes), 581 us of tpot (leave-one-out error 1 % over 14 shapes); quality loss 0.0021 nats (0.0011 to 0.0032), close gguf_q4_0
#   not f32 (worse): ttft -1.8 %, tpot +45.0 %, memory +17.1 %, quality loss -0.0021 nats; score 5.5827 against 2.1102
#   not f16 (worse): ttft -2.3 %, tpot +18.6 %, memory +7.2 %, quality loss -0.0021 nats; score 3.2969 against 2.1102
#   not int8_g32 (worse): ttft -1.6 %, tpot +6.1 %, memory +2.5 %, quality loss -0.0021 nats; score 2.4221 against 2.1102
#   not int4z_g32 (worse): ttft +0.3 %, tpot +1.0 %, memory +0.3 %, quality loss -7.6e-05 nats; score 2.1669 against 2.1102
# attn_out = int4_g32: 6.82 ms of ttft (leave-one-out error 1 % over 14 shapes), 194 us of tpot (leave-one-out error 1 % over 14 shapes); quality loss 0.0007 nats (0.00035 to 0.0011), close gguf_q4_0
#   not f32 (worse): ttft -0.6 %, tpot +15.0 %, memory +5.7 %, quality loss -0.0007 nats; score 3.1095 against 2.1102
#   not f16 (worse): ttft -0.8 %, tpot +6.2 %, memory +2.4 %, quality loss -0.0007 nats; score 2.4843 against 2.1102
#   not int8_g32 (worse): ttft -0.5 %, tpot +2.0 %, memory +0.8 %, quality loss -0.00069 nats; score 2.2139 against 2.1102
#   not int4z_g32 (worse): ttft +0.1 %, tpot +0.3 %, memory +0.1 %, quality loss -2.5e-05 nats; score 2.129 against 2.1102
# ffn_up = int4_g32: moe.grouped_int4_g32 and moe.gather_int4_g32; 48.1 ms of ttft (leave-one-out error 10 % over 8 shapes), 1.36 ms of tpot (leave-one-out error 3 % over 8 shapes); quality loss 0.045 nats (0.022 to 0.067), close gguf_q4_0
#   not f32 (over_limit): memory 17.5 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 9.51 GiB is over 5.00 GiB
#   not int8_g32 (over_limit): memory 5.76 GiB is over 5.00 GiB
#   not int4z_g32 (worse): ttft +1.1 %, tpot +3.0 %, memory +6.6 %, quality loss -0.0016 nats; score 2.5693 against 2.1102
# ffn_down = int4_g32: moe.grouped_int4_g32 and moe.gather_int4_g32; 24.3 ms of ttft (leave-one-out error 10 % over 8 shapes), 711 us of tpot (leave-one-out error 3 % over 8 shapes); quality loss 0.022 nats (0.011 to 0.034), close gguf_q4_0
#   not f32 (over_limit): memory 10.6 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 6.64 GiB is over 5.00 GiB
#   not int8_g32 (worse): ttft +3.4 %, tpot +9.8 %, memory +26.6 %, quality loss -0.022 nats; score 2.6228 against 2.1102
#   not int4z_g32 (worse): ttft +0.5 %, tpot +1.5 %, memory +3.3 %, quality loss -0.00081 nats; score 2.3378 against 2.1102
# logits = int4_g32: 202 us of ttft (leave-one-out error 1 % over 14 shapes), 202 us of tpot (leave-one-out error 1 % over 14 shapes); quality loss 0.0022 nats (0.0011 to 0.0032), close gguf_q4_0
#   not f32 (worse): ttft +0.8 %, tpot +23.0 %, memory +17.5 %, quality loss -0.0022 nats; score 4.3519 against 2.1102
#   not f16 (worse): ttft +0.4 %, tpot +9.5 %, memory +7.3 %, quality loss -0.0022 nats; score 2.8891 against 2.1102
#   not int8_g32 (worse): ttft +0.1 %, tpot +3.1 %, memory +2.5 %, quality loss -0.0021 nats; score 2.3045 against 2.1102
#   not int4z_g32 (worse): ttft +0.0 %, tpot +0.5 %, memory +0.3 %, quality loss -7.8e-05 nats; score 2.1463 against 2.1102
# attention = flash_split int8: 3.38 ms of ttft (leave-one-out error 8 % over 9 shapes), 444 us of tpot (leave-one-out error 9 % over 6 shapes); quality loss 0.00074 nats (0.00037 to 0.0011), close kv_kq8_0_vq8_0
#   not naive f16 (worse): ttft +3.6 %, tpot +14.0 %, memory +1.2 %, quality loss -0.00074 nats; score 2.7499 against 2.1102
#   not flash f16 (worse): ttft +0.5 %, tpot +6.3 %, memory +1.2 %, quality loss -0.00074 nats; score 2.4142 against 2.1102
#   not flash/flash_split f16 (worse): ttft +0.5 %, tpot +2.6 %, memory +1.2 %, quality loss -0.00074 nats; score 2.2607 against 2.1102
#   not flash int8 (dominated): ttft +0.4 %, tpot +1.2 %; the times are within their interval
#   not flash/flash_split int8 (dominated): ttft +0.4 %; the times are within their interval
#   not flash_split/flash f16 (worse): ttft +0.1 %, tpot +6.3 %, memory +1.2 %, quality loss -0.00074 nats; score 2.4123 against 2.1102
#   not flash_split f16 (worse): ttft +0.1 %, tpot +2.6 %, memory +1.2 %, quality loss -0.00074 nats; score 2.2587 against 2.1102
#   not flash_split/flash int8 (dominated): tpot +1.2 %; the times are within their interval
#   not offered naive/flash f16, naive/flash_split f16, naive/flash int8, naive/flash_split int8, flash/naive f16, flash/naive int8, flash_split/naive f16, flash_split/naive int8: llama.cpp has one --flash-attn switch for prefill and decode
#   not offered naive int8: llama.cpp quantises the V cache only with flash attention on
# setting = micro-batch 512: prompts go through the layers in 1 passes, activations take 52.3 MiB
#   not micro-batch 64 (worse): ttft +115.2 %, memory -1.9 %; score 2.4796 against 2.1102
#   not micro-batch 128 (worse): ttft +45.1 %, memory -1.6 %; score 2.2049 against 2.1102
#   not micro-batch 256 (worse): ttft +18.3 %, memory -1.1 %; score 2.1252 against 2.1102
# Quality: gguf_q4_0 (close) on LLaMA-3-8B: 0.0722 nats in all, wikitext-2-raw test (llama-perplexity, n_ctx 512); ggml-org/llama.cpp tools/perplexity/README.md (formerly examples/perplexity/README.md), section 'LLaMA 3 8b Scoreboard' rev f364eb6f, CUDA, RTX 4090
# Quality: kv_kq8_0_vq8_0 (close) on LLaMA-3-8B: 0.000741 nats in all, wikitext-2-raw test; ggml-org/llama.cpp PR #7412 (CUDA: quantized KV cache demo), comment by JohannesGaessler 2024-05-20
# Mind: the time of an op includes its dispatch; added is one submission per pass through the layers
# Mind: sampling is left out: engines choose the token on the host
# Mind: energy is left out for all: the result has none
# Mind: quality losses are published figures of whole models, shared out by weights and added; +-50 %
# Lost in llama.cpp: variants and tuning of the kernels (it has its own)
set -e

# Makes the model file; olmoe-1b-7b-f16.gguf comes from convert_hf_to_gguf.py. Skip it when the file is there.
llama-quantize \
  --tensor-type attn_q=q4_0 \
  --tensor-type attn_k=q4_0 \
  --tensor-type attn_v=q4_0 \
  --tensor-type attn_output=q4_0 \
  --tensor-type ffn_gate_exps=q4_0 \
  --tensor-type ffn_up_exps=q4_0 \
  --tensor-type ffn_down_exps=q4_0 \
  --output-tensor-type q4_0 \
  --token-embedding-type q4_0 \
  olmoe-1b-7b-f16.gguf olmoe-1b-7b-vkpareto.gguf Q4_0

# Vulkan0 is the first device of `llama-server --list-devices`; llama.cpp leaves software devices out of it.
llama-server -m olmoe-1b-7b-vkpareto.gguf --device Vulkan0 --n-gpu-layers 99 --flash-attn on \
  --cache-type-k q8_0 --cache-type-v q8_0 --ctx-size 768 --parallel 1 --ubatch-size 512 --fit off
