/* What the name of an architecture says about a model beside its dimensions, for readers of foreign files. Names as in
 * Hugging Face's "architectures" (huggingface/transformers src/transformers/models) and in GGUF's general.architecture
 * (ggml-org/llama.cpp src/llama-arch.cpp); the traits from the former's modeling files. */
#ifndef ARCHITECTURE_H
#define ARCHITECTURE_H

#include "model.h"

/* Which layers have the sliding window that a file states, where it does not say itself. */
enum window_rule { WINDOW_NEVER, WINDOW_ALL, WINDOW_HALF, WINDOW_FIVE_OF_SIX };

struct architecture {
  const char *hf, *gguf;   /* GGUF's "llama" is Mistral and Mixtral too: the first row of the name counts */
  enum activation activation;
  enum qk_norm qk_norm;
  enum block block;
  enum norm norm;
  enum rope rope;
  enum window_rule windows;
  bool qkv_bias, tied;     /* where a config.json does not say */
  const char *experts, *expert_ffn;   /* fields of config.json; NULL: a dense model */
  const char *not_costed;  /* NULL: nothing */
};

/* NULL with the error listing what is known. */
const struct architecture *architecture_of_hf(const char *name, struct error *);
const struct architecture *architecture_of_gguf(const char *name, struct error *);
/* Fills in the traits. */
void architecture_apply(const struct architecture *, struct model *);
/* Layers with a window, of so many. */
int64_t architecture_windows(const struct architecture *, int64_t layers);

#endif
