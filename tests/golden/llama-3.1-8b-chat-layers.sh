#!/bin/sh
# Llama-3.1-8B for one person, one conversation (512 tokens in, 256 out, 1 at once) on Synthetic 400, synthetic-1.0
# Written by vkpareto from the result with SHA-256 1a373ee25fcc354a3654ffd8a7f9ec246a3ebe62d6f36cba8aa6b76cdd6370e3
# Expected, measured with vkpareto's kernels, not with llama.cpp's:
#   time to first token 820 ms (810 ms to 830 ms)
#   time per token      18.2 ms (17.9 ms to 18.5 ms)
#   memory              5.00 GiB
#   perplexity          +1.81 %
#   of these times      first token: matmul 95 %, attention 2 %, rest 3 %; each further: matmul 93 %, attention 3 %, rest 5 %
#   0 % of the predicted time rests on extrapolated rows
# Why (--prefer quality: the least of quality loss in nats per token):
# qkv = int4z_g32 in 3, 5, 7-9, 11, 13-14, 16-17, 20, 22, 28-30; int4_g32 in 2, 4, 6, 10, 12, 15, 18-19, 21, 23-27; int8_g32 in 0-1, 31: 94.3 ms of ttft, 2.12 ms of tpot; quality loss 0.0033 nats (0.0017 to 0.005)
#   not f32 (over_limit): memory 7.52 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 6.02 GiB is over 5.00 GiB
#   not int8_g32 (over_limit): memory 5.31 GiB is over 5.00 GiB
#   not int4_g32 (worse): ttft -0.1 %, tpot -0.9 %, memory -1.1 %, quality loss +0.0042 nats
#   not int4z_g32 (worse): ttft +0.2 %, tpot -0.0 %, memory -0.2 %, quality loss +0.0027 nats; the times are within their interval
# attn_out = int4z_g32 in 4-6, 8-9, 13, 17-20, 22, 26; int4_g32 in 7, 10-12, 14-15, 21, 23-25, 27; int8_g32 in 0-3, 16, 28-31: 60.8 ms of ttft, 1.40 ms of tpot; quality loss 0.0027 nats (0.0013 to 0.004)
#   not f32 (over_limit): memory 6.63 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 5.63 GiB is over 5.00 GiB
#   not int8_g32 (over_limit): memory 5.16 GiB is over 5.00 GiB
#   not int4_g32 (worse): ttft -0.1 %, tpot -1.2 %, memory -1.6 %, quality loss +0.0048 nats
#   not int4z_g32 (worse): ttft +0.1 %, tpot -0.7 %, memory -1.0 %, quality loss +0.0033 nats
# ffn_up = int4_g32 in 0, 3-5, 7-31; int4z_g32 in 1-2, 6: 413 ms of ttft, 7.63 ms of tpot; quality loss 0.0067 nats (0.0033 to 0.01)
#   not f32 (over_limit): memory 17.0 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 10.0 GiB is over 5.00 GiB
#   not int8_g32 (over_limit): memory 6.73 GiB is over 5.00 GiB
#   not int4_g32 (worse): ttft -0.1 %, tpot -0.4 %, memory -0.4 %, quality loss +0.00083 nats; the times are within their interval
#   not int4z_g32 (over_limit): memory 5.19 GiB is over 5.00 GiB
# ffn_down = int4_g32 in 1, 5, 8-10, 12-13, 16-17, 19, 21-23, 25-26, 30; int4z_g32 in 2-4, 6-7, 11, 14-15, 18, 20, 24, 27-29, 31; int8_g32 in 0: 209 ms of ttft, 4.03 ms of tpot; quality loss 0.0044 nats (0.0022 to 0.0066)
#   not f32 (over_limit): memory 10.9 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 7.43 GiB is over 5.00 GiB
#   not int8_g32 (over_limit): memory 5.79 GiB is over 5.00 GiB
#   not int4_g32 (worse): ttft -0.3 %, tpot -1.4 %, memory -1.6 %, quality loss +0.0031 nats
#   not int4z_g32 (over_limit): memory 5.03 GiB is over 5.00 GiB
# logits = int8_g32: 1.68 ms of ttft (leave-one-out error 0 % over 14 shapes), 1.68 ms of tpot (leave-one-out error 0 % over 14 shapes); quality loss 5.6e-05 nats (2.8e-05 to 8.3e-05), same gguf_q8_0
#   not f32 (over_limit): memory 7.87 GiB is over 5.00 GiB
#   not f16 (over_limit): memory 5.91 GiB is over 5.00 GiB
#   not int4_g32 (worse): ttft -0.1 %, tpot -3.6 %, memory -9.8 %, quality loss +0.0094 nats
#   not int4z_g32 (worse): ttft -0.1 %, tpot -3.0 %, memory -8.6 %, quality loss +0.0091 nats
# attention = flash int8: 15.9 ms of ttft (leave-one-out error 8 % over 9 shapes), 762 us of tpot (leave-one-out error 13 % over 6 shapes); quality loss 0.00074 nats (0.00037 to 0.0011), close kv_kq8_0_vq8_0
#   not naive f16 (over_limit): memory 5.04 GiB is over 5.00 GiB
#   not flash f16 (over_limit): memory 5.04 GiB is over 5.00 GiB
#   not flash/flash_split f16 (over_limit): memory 5.04 GiB is over 5.00 GiB
#   not flash/flash_split int8 (tie): tpot -0.3 %, memory +0.0 %; the times are within their interval
#   not flash_split/flash f16 (over_limit): memory 5.04 GiB is over 5.00 GiB
#   not flash_split f16 (over_limit): memory 5.04 GiB is over 5.00 GiB
#   not flash_split/flash int8 (tie): ttft -0.2 %, memory +0.0 %; the times are within their interval
#   not flash_split int8 (tie): ttft -0.2 %, tpot -0.3 %, memory +0.0 %; the times are within their interval
#   not offered naive/flash f16, naive/flash_split f16, naive/flash int8, naive/flash_split int8, flash/naive f16, flash/naive int8, flash_split/naive f16, flash_split/naive int8: llama.cpp has one --flash-attn switch for prefill and decode
#   not offered naive int8: llama.cpp quantises the V cache only with flash attention on
# setting = micro-batch 64: prompts go through the layers in 8 passes, activations take 11.0 MiB
#   not micro-batch 512 (over_limit): memory 5.07 GiB is over 5.00 GiB
#   not micro-batch 128 (over_limit): memory 5.01 GiB is over 5.00 GiB
#   not micro-batch 256 (over_limit): memory 5.03 GiB is over 5.00 GiB
# Layers: formats per layer by sensitivities (synthetic: random numbers for tests, measured on nothing)
# Layers: proved: for every choice per layer within the limits there is one on the front with at most 1.66 % more time, memory and energy and 0.00014 nats more loss
# Layers: against the best choice of one format per class (qkv int8_g32, attn_out int8_g32, ffn_up int4_g32, ffn_down int4_g32, logits int4z_g32, flash f16, micro-batch 64): 2.62 MiB less, time to first token 6.96 ms longer (+0.9 %), time per token 637 us shorter (-3.4 %), perplexity -0.64 %
# Quality: int4z_g32 in qkv (same) on llama-3.1-8b: 0.00601 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4_g32 in qkv (same) on llama-3.1-8b: 0.0075 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int8_g32 in qkv (same) on llama-3.1-8b: 0.000125 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4z_g32 in attn_out (same) on llama-3.1-8b: 0.006 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4_g32 in attn_out (same) on llama-3.1-8b: 0.0075 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int8_g32 in attn_out (same) on llama-3.1-8b: 0.000125 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4_g32 in ffn_up (same) on llama-3.1-8b: 0.0075 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4z_g32 in ffn_up (same) on llama-3.1-8b: 0.006 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4_g32 in ffn_down (same) on llama-3.1-8b: 0.0075 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int4z_g32 in ffn_down (same) on llama-3.1-8b: 0.006 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: int8_g32 in ffn_down (same) on llama-3.1-8b: 0.000125 nats in all, measured layer by layer; synthetic: random numbers for tests, measured on nothing
# Quality: gguf_q8_0 (same) on LLaMA-3-8B: 0.000425 nats in all, wikitext-2-raw test (llama-perplexity, n_ctx 512); ggml-org/llama.cpp tools/perplexity/README.md (formerly examples/perplexity/README.md), section 'LLaMA 2 vs. LLaMA 3 Quantization comparison' rev f364eb6f, CUDA, RTX 4090
# Quality: kv_kq8_0_vq8_0 (close) on LLaMA-3-8B: 0.000741 nats in all, wikitext-2-raw test; ggml-org/llama.cpp PR #7412 (CUDA: quantized KV cache demo), comment by JohannesGaessler 2024-05-20
# Mind: the time of an op includes its dispatch; added is one submission per pass through the layers
# Mind: sampling is left out: engines choose the token on the host
# Mind: energy is left out for all: the result has none
# Mind: quality losses are published figures of whole models, shared out by weights and added; +-50 %
# Mind: a layer in a format is taken to cost 1/32 of what the class costs in it
# Lost in llama.cpp: variants and tuning of the kernels (it has its own)
set -e

# Makes the model file; llama-3.1-8b-f16.gguf comes from convert_hf_to_gguf.py. Skip it when the file is there.
llama-quantize \
  --tensor-type 'blk\.(3|5|7|8|9|11|13|14|16|17|20|22|28|29|30)\.attn_q=q4_1' \
  --tensor-type 'blk\.(2|4|6|10|12|15|18|19|21|23|24|25|26|27)\.attn_q=q4_0' \
  --tensor-type 'blk\.(0|1|31)\.attn_q=q8_0' \
  --tensor-type 'blk\.(3|5|7|8|9|11|13|14|16|17|20|22|28|29|30)\.attn_k=q4_1' \
  --tensor-type 'blk\.(2|4|6|10|12|15|18|19|21|23|24|25|26|27)\.attn_k=q4_0' \
  --tensor-type 'blk\.(0|1|31)\.attn_k=q8_0' \
  --tensor-type 'blk\.(3|5|7|8|9|11|13|14|16|17|20|22|28|29|30)\.attn_v=q4_1' \
  --tensor-type 'blk\.(2|4|6|10|12|15|18|19|21|23|24|25|26|27)\.attn_v=q4_0' \
  --tensor-type 'blk\.(0|1|31)\.attn_v=q8_0' \
  --tensor-type 'blk\.(4|5|6|8|9|13|17|18|19|20|22|26)\.attn_output=q4_1' \
  --tensor-type 'blk\.(7|10|11|12|14|15|21|23|24|25|27)\.attn_output=q4_0' \
  --tensor-type 'blk\.(0|1|2|3|16|28|29|30|31)\.attn_output=q8_0' \
  --tensor-type 'blk\.(0|3|4|5|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30|31)\.ffn_gate=q4_0' \
  --tensor-type 'blk\.(1|2|6)\.ffn_gate=q4_1' \
  --tensor-type 'blk\.(0|3|4|5|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28|29|30|31)\.ffn_up=q4_0' \
  --tensor-type 'blk\.(1|2|6)\.ffn_up=q4_1' \
  --tensor-type 'blk\.(1|5|8|9|10|12|13|16|17|19|21|22|23|25|26|30)\.ffn_down=q4_0' \
  --tensor-type 'blk\.(2|3|4|6|7|11|14|15|18|20|24|27|28|29|31)\.ffn_down=q4_1' \
  --tensor-type 'blk\.(0)\.ffn_down=q8_0' \
  --output-tensor-type q8_0 \
  --token-embedding-type q8_0 \
  llama-3.1-8b-f16.gguf llama-3.1-8b-vkpareto.gguf Q4_0

# Vulkan0 is the first device of `llama-server --list-devices`; llama.cpp leaves software devices out of it.
llama-server -m llama-3.1-8b-vkpareto.gguf --device Vulkan0 --n-gpu-layers 99 --flash-attn on \
  --cache-type-k q8_0 --cache-type-v q8_0 --ctx-size 768 --parallel 1 --ubatch-size 64 --fit off
