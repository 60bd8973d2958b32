/* Adapters in llama.cpp: files made by convert_lora_to_gguf.py, merged by llama-export-lora
 * (tools/export-lora/README.md) or beside the model by llama-server's --lora (tools/server/README.md).
 *
 * Both scale by alpha / rank whatever the adapter was trained with (calculated_scale in export-lora.cpp; the converter
 * writes lora_alpha only), so RSLoRA's alpha / sqrt(rank) needs a scale of sqrt(rank). The converter stops at tensors
 * that are neither A nor B, such as DoRA's magnitudes; a DoRA is merged where it was trained. One decode step has one
 * set of adapters: slots with others wait (server_slot::can_batch_with in tools/server). */
#ifndef LLAMA_CPP_LORA_H
#define LLAMA_CPP_LORA_H

#include <stdio.h>

#include "recommend.h"

/* NULL when llama.cpp can hold the adapter of the option, else why not. */
const char *llama_cpp_lora_lost(const struct space_option *);
/* Comments on what is lost beside that. */
void llama_cpp_lora_comment(FILE *, const struct recommendation *);
/* What makes NAME-merged-f16.gguf, where the adapter is merged; the name to quantise, without "-f16.gguf", in out. */
void llama_cpp_lora_merge(FILE *, const struct recommendation *, const char *name, char *out, size_t size);
/* A comment on where the files of live adapters come from. */
void llama_cpp_lora_files(FILE *, const struct recommendation *, const char *name);
/* A line of the server's options, where the adapter is live and llama.cpp can hold it. */
void llama_cpp_lora_options(FILE *, const struct recommendation *, const char *name);

#endif
