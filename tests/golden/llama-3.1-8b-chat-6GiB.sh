#!/bin/sh
# Llama-3.1-8B for one person, one conversation (512 tokens in, 256 out, 1 at once) on Synthetic 400, synthetic-1.0
# Written by vkpareto from the result with SHA-256 1a373ee25fcc354a3654ffd8a7f9ec246a3ebe62d6f36cba8aa6b76cdd6370e3
# Expected, measured with vkpareto's kernels, not with llama.cpp's:
#   time to first token 728 ms (723 ms to 733 ms)
#   time per token      16.8 ms (16.6 ms to 17.0 ms)
#   memory              4.30 GiB
#   perplexity          +7.57 %
#   of these times      first token: matmul 95 %, attention 2 %, rest 3 %; each further: matmul 92 %, attention 3 %, rest 5 %
#   0 % of the predicted time rests on extrapolated rows
# Why (--prefer balanced: the least of the product of 1 + (x - best) / (worst - best) over request time, memory, quality loss and energy, what is known of them, best and worst of the feasible front):
# qkv = int4_g32: 82.3 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.95 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0072 nats (0.0036 to 0.011), close gguf_q4_0
#   not f32 (over_limit): memory 6.88 GiB is over 6.00 GiB
#   not f16 (worse): ttft -1.1 %, tpot +18.1 %, memory +25.1 %, quality loss -0.0072 nats; score 4.7726 against 2.0609
#   not int8_g32 (worse): ttft -0.9 %, tpot +5.9 %, memory +8.7 %, quality loss -0.0072 nats; score 2.6645 against 2.0609
#   not int4z_g32 (worse): ttft +0.2 %, tpot +1.0 %, memory +1.1 %, quality loss -0.00026 nats; score 2.1797 against 2.0609
# attn_out = int4_g32: 53.7 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.17 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0048 nats (0.0024 to 0.0072), close gguf_q4_0
#   not f32 (over_limit): memory 6.02 GiB is over 6.00 GiB
#   not f16 (worse): ttft -0.7 %, tpot +12.0 %, memory +16.7 %, quality loss -0.0048 nats; score 3.7919 against 2.0609
#   not int8_g32 (worse): ttft -0.6 %, tpot +4.0 %, memory +5.8 %, quality loss -0.0048 nats; score 2.4689 against 2.0609
#   not int4z_g32 (worse): ttft +0.2 %, tpot +0.6 %, memory +0.7 %, quality loss -0.00017 nats; score 2.1398 against 2.0609
# ffn_up = int4_g32: 371 ms of ttft (leave-one-out error 0 % over 14 shapes), 7.56 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.034 nats (0.017 to 0.051), close gguf_q4_0
#   not f32 (over_limit): memory 16.3 GiB is over 6.00 GiB
#   not f16 (over_limit): memory 9.33 GiB is over 6.00 GiB
#   not int8_g32 (over_limit): memory 6.05 GiB is over 6.00 GiB
#   not int4z_g32 (worse): ttft +1.1 %, tpot +4.4 %, memory +5.1 %, quality loss -0.0012 nats; score 2.6379 against 2.0609
# ffn_down = int4_g32: 185 ms of ttft (leave-one-out error 0 % over 14 shapes), 3.78 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.017 nats (0.0085 to 0.025), close gguf_q4_0
#   not f32 (over_limit): memory 10.3 GiB is over 6.00 GiB
#   not f16 (over_limit): memory 6.81 GiB is over 6.00 GiB
#   not int8_g32 (worse): ttft -2.0 %, tpot +13.9 %, memory +20.4 %, quality loss -0.017 nats; score 3.3437 against 2.0609
#   not int4z_g32 (worse): ttft +0.5 %, tpot +2.2 %, memory +2.5 %, quality loss -0.00061 nats; score 2.3422 against 2.0609
# logits = int4_g32: 1.02 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.02 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0095 nats (0.0047 to 0.014), close gguf_q4_0
#   not f32 (over_limit): memory 7.66 GiB is over 6.00 GiB
#   not f16 (worse): ttft +0.3 %, tpot +11.8 %, memory +32.7 %, quality loss -0.0095 nats; score 4.4562 against 2.0609
#   not int8_g32 (worse): ttft +0.1 %, tpot +3.9 %, memory +11.4 %, quality loss -0.0094 nats; score 2.5507 against 2.0609
#   not int4z_g32 (worse): ttft +0.0 %, tpot +0.6 %, memory +1.4 %, quality loss -0.00034 nats; score 2.1671 against 2.0609
# attention = flash/flash_split int8: 13.0 ms of ttft (leave-one-out error 8 % over 9 shapes), 706 us of tpot (leave-one-out error 7 % over 6 shapes); quality loss 0.00074 nats (0.00037 to 0.0011), close kv_kq8_0_vq8_0
#   not naive f16 (worse): ttft +1.5 %, tpot +4.3 %, memory +1.4 %, quality loss -0.00074 nats; score 2.4366 against 2.0609
#   not flash f16 (worse): ttft -0.0 %, tpot +1.7 %, memory +1.0 %, quality loss -0.00074 nats; score 2.2131 against 2.0609
#   not flash/flash_split f16 (worse): ttft -0.0 %, tpot +0.7 %, memory +1.0 %, quality loss -0.00074 nats; score 2.136 against 2.0609
#   not flash int8 (tie): tpot +0.3 %, memory -0.0 %; the times are within their interval
#   not flash_split/flash f16 (worse): ttft -0.2 %, tpot +1.7 %, memory +1.1 %, quality loss -0.00074 nats; score 2.2154 against 2.0609
#   not flash_split f16 (worse): ttft -0.2 %, tpot +0.7 %, memory +1.1 %, quality loss -0.00074 nats; the times are within their interval; score 2.0925 against 2.0609 with equal times
#   not flash_split/flash int8 (worse): ttft -0.2 %, tpot +0.3 %, memory +0.1 %; the times are within their interval; score 2.0656 against 2.0609 with equal times
#   not flash_split int8 (worse): ttft -0.2 %, memory +0.1 %; the times are within their interval; score 2.0656 against 2.0609 with equal times
#   not offered naive/flash f16, naive/flash_split f16, naive/flash int8, naive/flash_split int8, flash/naive f16, flash/naive int8, flash_split/naive f16, flash_split/naive int8: llama.cpp has one --flash-attn switch for prefill and decode
#   not offered naive int8: llama.cpp quantises the V cache only with flash attention on
# setting = micro-batch 256: prompts go through the layers in 2 passes, activations take 42.5 MiB
#   not micro-batch 512 (worse): ttft -1.8 %, memory +1.0 %; the times are within their interval; score 2.1089 against 2.0609 with equal times
#   not micro-batch 64 (worse): ttft +11.8 %, memory -0.7 %; score 2.1659 against 2.0609
#   not micro-batch 128 (worse): ttft +3.9 %, memory -0.5 %; score 2.0837 against 2.0609
# Quality: gguf_q4_0 (close) on LLaMA-3-8B: 0.0722 nats in all, wikitext-2-raw test (llama-perplexity, n_ctx 512); ggml-org/llama.cpp tools/perplexity/README.md (formerly examples/perplexity/README.md), section 'LLaMA 3 8b Scoreboard' rev f364eb6f, CUDA, RTX 4090
# Quality: kv_kq8_0_vq8_0 (close) on LLaMA-3-8B: 0.000741 nats in all, wikitext-2-raw test; ggml-org/llama.cpp PR #7412 (CUDA: quantized KV cache demo), comment by JohannesGaessler 2024-05-20
# Mind: the time of an op includes its dispatch; added is one submission per pass through the layers
# Mind: sampling is left out: engines choose the token on the host
# Mind: energy is left out for all: the result has none
# Mind: quality losses are published figures of whole models, shared out by weights and added; +-50 %
# Lost in llama.cpp: variants and tuning of the kernels (it has its own)
set -e

# Makes the model file; llama-3.1-8b-f16.gguf comes from convert_hf_to_gguf.py. Skip it when the file is there.
llama-quantize \
  --tensor-type attn_q=q4_0 \
  --tensor-type attn_k=q4_0 \
  --tensor-type attn_v=q4_0 \
  --tensor-type attn_output=q4_0 \
  --tensor-type ffn_gate=q4_0 \
  --tensor-type ffn_up=q4_0 \
  --tensor-type ffn_down=q4_0 \
  --output-tensor-type q4_0 \
  --token-embedding-type q4_0 \
  llama-3.1-8b-f16.gguf llama-3.1-8b-vkpareto.gguf Q4_0

# Vulkan0 is the first device of `llama-server --list-devices`; llama.cpp leaves software devices out of it.
llama-server -m llama-3.1-8b-vkpareto.gguf --device Vulkan0 --n-gpu-layers 99 --flash-attn on \
  --cache-type-k q8_0 --cache-type-v q8_0 --ctx-size 768 --parallel 1 --ubatch-size 256 --fit off
