#!/bin/sh
# OLMoE-1B-7B-0924 for one person, one conversation (512 tokens in, 256 out, 1 at once) on Synthetic 400, synthetic-1.0
# Written by vkpareto from the result with SHA-256 1a373ee25fcc354a3654ffd8a7f9ec246a3ebe62d6f36cba8aa6b76cdd6370e3
# Expected, measured with vkpareto's kernels, not with llama.cpp's:
#   time to first token 130 ms (98.0 ms to 178 ms)
#   time per token      4.06 ms (3.99 ms to 4.13 ms)
#   memory              3.72 GiB
#   perplexity          +7.57 %
#   of these times      first token: matmul 22 %, experts 69 %, attention 2 %, rest 7 %; each further: matmul 26 %, experts 51 %, attention 7 %, rest 15 %
#   2 % of the predicted time rests on extrapolated rows
# Why (--prefer balanced: the least of the product of 1 + (x - best) / (worst - best) over request time, memory, quality loss and energy, what is known of them, best and worst of the feasible front):
# qkv = int4_g32: 21.1 ms of ttft (leave-one-out error 0 % over 14 shapes), 584 us of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0021 nats (0.0011 to 0.0032), close gguf_q4_0
#   not f32 (worse): ttft -0.3 %, tpot +45.1 %, memory +17.3 %, quality loss -0.0021 nats; score 5.5614 against 2.1189
#   not f16 (worse): ttft -1.6 %, tpot +18.7 %, memory +7.2 %, quality loss -0.0021 nats; score 3.2947 against 2.1189
#   not int8_g32 (worse): ttft -1.3 %, tpot +6.2 %, memory +2.5 %, quality loss -0.0021 nats; score 2.4269 against 2.1189
#   not int4z_g32 (worse): ttft +0.3 %, tpot +1.0 %, memory +0.3 %, quality loss -7.6e-05 nats; score 2.1754 against 2.1189
# attn_out = int4_g32: 7.02 ms of ttft (leave-one-out error 0 % over 14 shapes), 195 us of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0007 nats (0.00035 to 0.0011), close gguf_q4_0
#   not f32 (worse): ttft -0.1 %, tpot +15.0 %, memory +5.8 %, quality loss -0.0007 nats; score 3.1087 against 2.1189
#   not f16 (worse): ttft -0.5 %, tpot +6.2 %, memory +2.4 %, quality loss -0.0007 nats; score 2.4895 against 2.1189
#   not int8_g32 (worse): ttft -0.4 %, tpot +2.1 %, memory +0.8 %, quality loss -0.00069 nats; score 2.2213 against 2.1189
#   not int4z_g32 (worse): ttft +0.1 %, tpot +0.3 %, memory +0.1 %, quality loss -2.5e-05 nats; score 2.1377 against 2.1189
# ffn_up = int4_g32: moe.grouped_int4_g32 and moe.gather_int4_g32; 59.4 ms of ttft (leave-one-out error 22 % over 8 shapes), 1.36 ms of tpot (leave-one-out error 6 % over 8 shapes); quality loss 0.045 nats (0.022 to 0.067), close gguf_q4_0
#   not f32 (over_limit): memory 17.5 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 9.47 GiB is over 5.00 GiB
#   not int8_g32 (over_limit): memory 5.72 GiB is over 5.00 GiB
#   not int4z_g32 (worse): ttft +1.8 %, tpot +3.0 %, memory +6.7 %, quality loss -0.0016 nats; the times are within their interval; score 2.4424 against 2.1189 with equal times
# ffn_down = int4_g32: moe.grouped_int4_g32 and moe.gather_int4_g32; 30.2 ms of ttft (leave-one-out error 22 % over 8 shapes), 711 us of tpot (leave-one-out error 6 % over 8 shapes); quality loss 0.022 nats (0.011 to 0.034), close gguf_q4_0
#   not f32 (over_limit): memory 10.6 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 6.60 GiB is over 5.00 GiB
#   not int8_g32 (worse): ttft +5.9 %, tpot +9.8 %, memory +26.9 %, quality loss -0.022 nats; score 2.6662 against 2.1189
#   not int4z_g32 (worse): ttft +0.9 %, tpot +1.5 %, memory +3.4 %, quality loss -0.00081 nats; the times are within their interval; score 2.2835 against 2.1189 with equal times
# logits = int4_g32: 204 us of ttft (leave-one-out error 0 % over 14 shapes), 204 us of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0022 nats (0.0011 to 0.0032), close gguf_q4_0
#   not f32 (worse): ttft +0.7 %, tpot +23.1 %, memory +17.7 %, quality loss -0.0022 nats; score 4.3572 against 2.1189
#   not f16 (worse): ttft +0.3 %, tpot +9.6 %, memory +7.4 %, quality loss -0.0022 nats; score 2.8977 against 2.1189
#   not int8_g32 (worse): ttft +0.1 %, tpot +3.2 %, memory +2.6 %, quality loss -0.0021 nats; score 2.3131 against 2.1189
#   not int4z_g32 (worse): ttft +0.0 %, tpot +0.5 %, memory +0.3 %, quality loss -7.8e-05 nats; score 2.1551 against 2.1189
# attention = flash_split int8: 3.69 ms of ttft (leave-one-out error 7 % over 9 shapes), 426 us of tpot (leave-one-out error 7 % over 6 shapes); quality loss 0.00074 nats (0.00037 to 0.0011), close kv_kq8_0_vq8_0
#   not naive f16 (worse): ttft +2.8 %, tpot +16.5 %, memory +1.2 %, quality loss -0.00074 nats; score 2.8397 against 2.1189
#   not flash f16 (worse): ttft +0.6 %, tpot +7.8 %, memory +1.2 %, quality loss -0.00074 nats; score 2.4748 against 2.1189
#   not flash/flash_split f16 (worse): ttft +0.6 %, tpot +2.9 %, memory +1.2 %, quality loss -0.00074 nats; score 2.2789 against 2.1189
#   not flash int8 (dominated): ttft +0.4 %, tpot +2.3 %; the times are within their interval
#   not flash/flash_split int8 (dominated): ttft +0.4 %; the times are within their interval
#   not flash_split/flash f16 (worse): ttft +0.1 %, tpot +7.8 %, memory +1.2 %, quality loss -0.00074 nats; score 2.4725 against 2.1189
#   not flash_split f16 (worse): ttft +0.1 %, tpot +2.9 %, memory +1.2 %, quality loss -0.00074 nats; score 2.2766 against 2.1189
#   not flash_split/flash int8 (dominated): tpot +2.3 %; the times are within their interval
#   not offered naive/flash f16, naive/flash_split f16, naive/flash int8, naive/flash_split int8, flash/naive f16, flash/naive int8, flash_split/naive f16, flash_split/naive int8: llama.cpp has one --flash-attn switch for prefill and decode
#   not offered naive int8: llama.cpp quantises the V cache only with flash attention on
# setting = micro-batch 256: prompts go through the layers in 2 passes, activations take 26.3 MiB
#   not micro-batch 512 (worse): ttft -14.5 %, memory +1.1 %; score 2.1102 against 2.1189
#   not micro-batch 64 (worse): ttft +84.2 %, memory -0.8 %; score 2.4776 against 2.1189
#   not micro-batch 128 (worse): ttft +20.8 %, memory -0.6 %; score 2.1878 against 2.1189
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
  --cache-type-k q8_0 --cache-type-v q8_0 --ctx-size 768 --parallel 1 --ubatch-size 256 --fit off
