#!/bin/sh
# Llama-3.1-8B for one person, one conversation (512 tokens in, 256 out, 1 at once) on llvmpipe (LLVM 15.0.6, 256 bits), llvmpipe-mesa-22.3.6
# Written by vkpareto from the result with SHA-256 6906a441e4ef2cb2139a83beda3aba793101b01f1ff0a969621dd442038f7e48
# Expected (rough), measured with vkpareto's kernels, not with llama.cpp's:
#   time to first token 24.4 min (error unknown)
#   time per token      6.01 s (error unknown)
#   memory              7.64 GiB
#   perplexity          +0.99 %
#   of these times      first token: matmul 94 %, attention 6 %, rest 0 %; each further: matmul 94 %, attention 6 %, rest 0 %
#   99 % of the predicted time rests on extrapolated rows
# Why (--prefer memory: the least of memory: weights, KV cache, scratch and activations):
# qkv = int8_g32: 168 s of ttft (leave-one-out error 25 % over 2 shapes) (100 % extrapolated), 635 ms of tpot (leave-one-out error 18 % over 2 shapes) (94 % extrapolated); quality loss 4.3e-05 nats (2.1e-05 to 6.4e-05), same gguf_q8_0
#   not f16 (worse): ttft +6.6 %, tpot +5.5 %, memory +9.2 %, quality loss -4.3e-05 nats; the times are within their interval
#   not int4_g32 (over_limit): quality loss 1.72 % is over 1.21 %
#   not offered f32, int4z_g32: no kernels of adapter in this format
# attn_out = int8_g32: 107 s of ttft (leave-one-out error 25 % over 2 shapes) (100 % extrapolated), 409 ms of tpot (leave-one-out error 18 % over 2 shapes) (96 % extrapolated); quality loss 2.8e-05 nats (1.4e-05 to 4.3e-05), same gguf_q8_0
#   not f16 (worse): ttft +4.6 %, tpot +3.8 %, memory +6.1 %, quality loss -2.8e-05 nats; the times are within their interval
#   not int4_g32 (over_limit): quality loss 1.47 % is over 1.21 %
#   not offered f32, int4z_g32: no kernels of adapter in this format
# ffn_up = int8_g32: 12.1 min of ttft (leave-one-out error 25 % over 2 shapes) (100 % extrapolated), 2.79 s of tpot (leave-one-out error 18 % over 2 shapes) (99 % extrapolated); quality loss 0.0002 nats (9.9e-05 to 0.0003), same gguf_q8_0
#   not f16 (worse): ttft +33.3 %, tpot +27.6 %, memory +42.9 %, quality loss -0.0002 nats; the times are within their interval
#   not int4_g32 (over_limit): quality loss 4.44 % is over 1.21 %
#   not offered f32, int4z_g32: no kernels of adapter in this format
# ffn_down = int8_g32: 371 s of ttft (leave-one-out error 25 % over 2 shapes) (100 % extrapolated), 1.41 s of tpot (leave-one-out error 18 % over 2 shapes) (97 % extrapolated); quality loss 9.9e-05 nats (5e-05 to 0.00015), same gguf_q8_0
#   not f16 (worse): ttft +16.1 %, tpot +13.6 %, memory +21.5 %, quality loss -9.9e-05 nats; the times are within their interval
#   not int4_g32 (over_limit): quality loss 2.70 % is over 1.21 %
#   not offered f32, int4z_g32: no kernels of adapter in this format
# logits = int4_g32: 388 ms of ttft (leave-one-out error 32 % over 2 shapes) (100 % extrapolated), 388 ms of tpot (leave-one-out error 19 % over 2 shapes) (100 % extrapolated); quality loss 0.0095 nats (0.0047 to 0.014), close gguf_q4_0
#   not f16 (worse): ttft +0.0 %, tpot +3.2 %, memory +18.4 %, quality loss -0.0095 nats; the times are within their interval
#   not int8_g32 (worse): ttft -0.0 %, tpot -0.1 %, memory +6.4 %, quality loss -0.0094 nats; the times are within their interval
#   not offered f32: no usable decode row of matmul.f32 in the result
#   not offered int4z_g32: no usable decode row of matmul.int4z_g32 in the result
# attention = flash f16: 90.3 s of ttft (error unknown: one weight matrix or head layout only) (100 % extrapolated), 371 ms of tpot (error unknown: one weight matrix or head layout only) (100 % extrapolated); no quality loss by definition
#   not offered naive_f16 (prefill): no usable prefill row of attention.naive_f16 in the result
#   not offered naive_f16 (decode): no usable decode row of attention.naive_f16 in the result
#   not offered naive_int8 (prefill): no usable prefill row of attention.naive_int8 in the result
#   not offered naive_int8 (decode): no usable decode row of attention.naive_int8 in the result
#   not offered flash_int8 (prefill): no usable prefill row of attention.flash_int8 in the result
#   not offered flash_int8 (decode): no usable decode row of attention.flash_int8 in the result
#   not offered flash_split_f16 (prefill): no usable prefill row of attention.flash_split_f16 in the result
#   not offered flash_split_f16 (decode): no usable decode row of attention.flash_split_f16 in the result
#   not offered flash_split_int8 (prefill): no usable prefill row of attention.flash_split_int8 in the result
#   not offered flash_split_int8 (decode): no usable decode row of attention.flash_split_int8 in the result
# setting = micro-batch 64, live lora of rank 16: prompts go through the layers in 8 passes, activations take 11.0 MiB
#   not micro-batch 512, live lora of rank 16 (worse): ttft -6.5 %, memory +0.9 %
#   not micro-batch 128, live lora of rank 16 (worse): ttft -3.7 %, memory +0.1 %
#   not micro-batch 256, live lora of rank 16 (worse): ttft -5.6 %, memory +0.4 %
# Quality: gguf_q8_0 (same) on LLaMA-3-8B: 0.000425 nats in all, wikitext-2-raw test (llama-perplexity, n_ctx 512); ggml-org/llama.cpp tools/perplexity/README.md (formerly examples/perplexity/README.md), section 'LLaMA 2 vs. LLaMA 3 Quantization comparison' rev f364eb6f, CUDA, RTX 4090
# Quality: gguf_q4_0 (close) on LLaMA-3-8B: 0.0722 nats in all, wikitext-2-raw test (llama-perplexity, n_ctx 512); ggml-org/llama.cpp tools/perplexity/README.md (formerly examples/perplexity/README.md), section 'LLaMA 3 8b Scoreboard' rev f364eb6f, CUDA, RTX 4090
# Mind: not costed, only the launches are: embedding; norm; RoPE of q; RoPE of k, append of k; append of v; residual, norm; activation; measure more with `vkpareto run --suite standard`
# Mind: not costed: embedding: no usable row of block.embed in the result
# Mind: not costed: norm: no usable row of block.rms_norm in the result
# Mind: not costed: RoPE of q: no usable row of block.rope_halves in the result
# Mind: not costed: RoPE of k, append of k: no usable row of kv_cache.rope_halves_append_int8 in the result
# Mind: not costed: append of v: no usable row of kv_cache.append_int8 in the result
# Mind: not costed: residual, norm: no usable row of block.add_rms_norm in the result
# Mind: not costed: activation: no usable row of block.swiglu in the result
# Mind: the adapter is timed as two matmuls and a sum beside the matrix, since the result has no rows of kernels that do it at once over this format; `vkpareto run --suite standard --filter 'adapter/*'` adds those there are (f16, int4_g32)
# Mind: quality losses were published for models that were not fine-tuned; what the adapter is worth is another column
# Mind: no kernel here trains: the memory of a tuning step is counted by formulas, its time is estimated as 3 forward passes, both from below
# Mind: the time of an op includes its dispatch; added is one submission per pass through the layers
# Mind: sampling is left out: engines choose the token on the host
# Mind: energy is left out for all: the result has none
# Mind: quality losses are published figures of whole models, shared out by weights and added; +-50 %
# Lost in llama.cpp: variants and tuning of the kernels (it has its own)
set -e

# Makes the model file; llama-3.1-8b-f16.gguf comes from convert_hf_to_gguf.py. Skip it when the file is there.
llama-quantize \
  --tensor-type attn_q=q8_0 \
  --tensor-type attn_k=q8_0 \
  --tensor-type attn_v=q8_0 \
  --tensor-type attn_output=q8_0 \
  --tensor-type ffn_gate=q8_0 \
  --tensor-type ffn_up=q8_0 \
  --tensor-type ffn_down=q8_0 \
  --output-tensor-type q4_0 \
  --token-embedding-type q4_0 \
  llama-3.1-8b-f16.gguf llama-3.1-8b-vkpareto.gguf Q8_0

# llama-3.1-8b-lora.gguf comes from convert_lora_to_gguf.py.
# Vulkan0 is the first device of `llama-server --list-devices`; llama.cpp leaves software devices out of it.
llama-server -m llama-3.1-8b-vkpareto.gguf --device Vulkan0 --n-gpu-layers 99 --flash-attn on \
  --cache-type-k f16 --cache-type-v f16 --ctx-size 768 --parallel 1 --ubatch-size 64 --fit off \
  --lora llama-3.1-8b-lora.gguf
