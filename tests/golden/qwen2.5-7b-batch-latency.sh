#!/bin/sh
# Qwen2.5-7B for eight sequences decoded together (512 tokens in, 256 out, 8 at once) on Synthetic 400, synthetic-1.0
# Written by vkpareto from the result with SHA-256 1a373ee25fcc354a3654ffd8a7f9ec246a3ebe62d6f36cba8aa6b76cdd6370e3
# Expected, measured with vkpareto's kernels, not with llama.cpp's:
#   time to first token 5.34 s (5.32 s to 5.36 s)
#   time per token      26.2 ms (26.0 ms to 26.4 ms)
#   memory              4.27 GiB
#   perplexity          +7.57 %
#   of these times      first token: matmul 95 %, attention 1 %, rest 3 %; each further: matmul 91 %, attention 4 %, rest 5 %
#   1 % of the predicted time rests on extrapolated rows
# Why (--prefer latency: the least of request time: ttft + (output - 1) tpot):
# qkv = int4_g32: 375 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.87 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0044 nats (0.0022 to 0.0066), close gguf_q4_0
#   not f32 (worse): ttft -0.8 %, tpot +15.5 %, memory +34.7 %, quality loss -0.0044 nats
#   not f16 (worse): ttft -1.0 %, tpot +6.2 %, memory +14.5 %, quality loss -0.0044 nats
#   not int8_g32 (worse): ttft -0.7 %, tpot +1.9 %, memory +5.0 %, quality loss -0.0044 nats
#   not int4z_g32 (worse): ttft +0.1 %, tpot +0.4 %, memory +0.6 %, quality loss -0.00016 nats
# attn_out = int4_g32: 284 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.29 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.0034 nats (0.0017 to 0.0051), close gguf_q4_0
#   not f32 (worse): ttft -0.6 %, tpot +12.1 %, memory +27.0 %, quality loss -0.0034 nats
#   not f16 (worse): ttft -0.7 %, tpot +4.8 %, memory +11.3 %, quality loss -0.0034 nats
#   not int8_g32 (worse): ttft -0.5 %, tpot +1.5 %, memory +3.9 %, quality loss -0.0034 nats
#   not int4z_g32 (worse): ttft +0.1 %, tpot +0.3 %, memory +0.5 %, quality loss -0.00012 nats
# ffn_up = int4_g32: 2.95 s of ttft (leave-one-out error 0 % over 14 shapes), 12.6 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.036 nats (0.018 to 0.054), close gguf_q4_0
#   not f32 (worse): ttft -6.0 %, tpot +127.7 %, memory +285.0 %, quality loss -0.036 nats
#   not f16 (worse): ttft -7.8 %, tpot +51.1 %, memory +119.2 %, quality loss -0.036 nats
#   not int8_g32 (worse): ttft -5.1 %, tpot +15.9 %, memory +41.5 %, quality loss -0.036 nats
#   not int4z_g32 (worse): ttft +1.1 %, tpot +3.2 %, memory +5.2 %, quality loss -0.0013 nats
# ffn_down = int4_g32: 1.47 s of ttft (leave-one-out error 0 % over 14 shapes), 6.29 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.018 nats (0.009 to 0.027), close gguf_q4_0
#   not f32 (worse): ttft -3.0 %, tpot +63.9 %, memory +142.5 %, quality loss -0.018 nats
#   not f16 (worse): ttft -3.9 %, tpot +25.5 %, memory +59.6 %, quality loss -0.018 nats
#   not int8_g32 (worse): ttft -2.6 %, tpot +7.9 %, memory +20.7 %, quality loss -0.018 nats
#   not int4z_g32 (worse): ttft +0.5 %, tpot +1.6 %, memory +2.6 %, quality loss -0.00065 nats
# logits = int4_g32: 8.48 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.77 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 0.01 nats (0.0052 to 0.016), close gguf_q4_0
#   not f32 (worse): ttft +0.7 %, tpot +18.3 %, memory +81.7 %, quality loss -0.01 nats
#   not f16 (worse): ttft +0.3 %, tpot +7.3 %, memory +34.2 %, quality loss -0.01 nats
#   not int8_g32 (worse): ttft +0.1 %, tpot +2.3 %, memory +11.9 %, quality loss -0.01 nats
#   not int4z_g32 (worse): ttft +0.0 %, tpot +0.5 %, memory +1.5 %, quality loss -0.00037 nats
# attention = flash_split int8: 64.9 ms of ttft (leave-one-out error 7 % over 9 shapes), 1.24 ms of tpot (leave-one-out error 7 % over 6 shapes); quality loss 0.00074 nats (0.00037 to 0.0011), close kv_kq8_0_vq8_0
#   not naive f16 (worse): ttft +1.4 %, tpot +9.0 %, memory +4.1 %, quality loss -0.00074 nats
#   not flash f16 (worse): ttft +0.2 %, tpot +5.8 %, memory +3.4 %, quality loss -0.00074 nats
#   not flash/flash_split f16 (worse): ttft +0.2 %, tpot +1.4 %, memory +3.4 %, quality loss -0.00074 nats
#   not flash int8 (worse): ttft +0.2 %, tpot +2.5 %, memory -0.2 %
#   not flash/flash_split int8 (tie): ttft +0.2 %, memory -0.2 %; the times are within their interval
#   not flash_split/flash f16 (worse): ttft -0.0 %, tpot +5.8 %, memory +3.6 %, quality loss -0.00074 nats
#   not flash_split f16 (worse): ttft -0.0 %, tpot +1.4 %, memory +3.6 %, quality loss -0.00074 nats
#   not flash_split/flash int8 (dominated): tpot +2.5 %
#   not offered naive/flash f16, naive/flash_split f16, naive/flash int8, naive/flash_split int8, flash/naive f16, flash/naive int8, flash_split/naive f16, flash_split/naive int8: llama.cpp has one --flash-attn switch for prefill and decode
#   not offered naive int8: llama.cpp quantises the V cache only with flash attention on
# setting = micro-batch 512: prompts go through the layers in 8 passes, activations take 102 MiB
#   not micro-batch 64 (worse): ttft +14.2 %, memory -2.1 %
#   not micro-batch 128 (worse): ttft +6.1 %, memory -1.8 %
#   not micro-batch 256 (worse): ttft +2.0 %, memory -1.2 %
# Quality: gguf_q4_0 (close) on LLaMA-3-8B: 0.0722 nats in all, wikitext-2-raw test (llama-perplexity, n_ctx 512); ggml-org/llama.cpp tools/perplexity/README.md (formerly examples/perplexity/README.md), section 'LLaMA 3 8b Scoreboard' rev f364eb6f, CUDA, RTX 4090
# Quality: kv_kq8_0_vq8_0 (close) on LLaMA-3-8B: 0.000741 nats in all, wikitext-2-raw test; ggml-org/llama.cpp PR #7412 (CUDA: quantized KV cache demo), comment by JohannesGaessler 2024-05-20
# Mind: the time of an op includes its dispatch; added is one submission per pass through the layers
# Mind: sampling is left out: engines choose the token on the host
# Mind: energy is left out for all: the result has none
# Mind: quality losses are published figures of whole models, shared out by weights and added; +-50 %
# Lost in llama.cpp: variants and tuning of the kernels (it has its own)
set -e

# Makes the model file; qwen2.5-7b-f16.gguf comes from convert_hf_to_gguf.py. Skip it when the file is there.
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
  qwen2.5-7b-f16.gguf qwen2.5-7b-vkpareto.gguf Q4_0

# Vulkan0 is the first device of `llama-server --list-devices`; llama.cpp leaves software devices out of it.
llama-server -m qwen2.5-7b-vkpareto.gguf --device Vulkan0 --n-gpu-layers 99 --flash-attn on \
  --cache-type-k q8_0 --cache-type-v q8_0 --ctx-size 6144 --parallel 8 --ubatch-size 512 --fit off
