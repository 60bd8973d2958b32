/* The header of a GGUF file, versions 2 and 3, little-endian: metadata and tensor infos, never the weights. Format:
 * ggml-org/ggml docs/gguf.md; sizes of types: gguf-py/gguf/constants.py (GGML_QUANT_SIZES) in ggml-org/llama.cpp.
 *
 * The file may be hostile: every count, length and nesting is bounded, memory is a fixed few hundred KB, and what is
 * skipped is read in pieces up to a limit on the whole header. */
#ifndef GGUF_H
#define GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "model.h"

enum { GGUF_KEYS = 256, GGUF_NAME = 96, GGUF_TYPES = 42 };

/* A value, or an array of numbers by its extremes. Strings are cut, arrays of other things have only their count. */
struct gguf_key {
  char name[GGUF_NAME];
  char text[GGUF_NAME];     /* "" unless it is a string */
  uint64_t count;           /* elements; 1 where it is no array */
  double low, high, sum;    /* NAN unless numbers; true is 1 */
};

struct gguf_tensor { char name[GGUF_NAME]; uint64_t dim[4]; uint32_t n_dims, type; };

struct gguf {
  uint32_t version;
  struct gguf_key keys[GGUF_KEYS];   /* those of the tokenizer only as counts; others beyond the room are dropped */
  size_t n_keys;
  uint64_t n_tensors;
  double params, bytes;              /* of all tensors */
  double type_bytes[GGUF_TYPES];     /* by ggml type */
  uint64_t vocab;                    /* rows of token_embd.weight, 0: there is none */
  bool has_output, has_qkv_bias, has_q_norm;   /* output.weight, blk.0.attn_q.bias, blk.0.attn_q_norm.weight */
};

/* The first four bytes of such a file. */
bool gguf_is(const void *data, size_t bytes);
/* From a file, or from memory. */
bool gguf_read(const char *path, struct gguf *, struct error *);
bool gguf_parse(const void *data, size_t bytes, struct gguf *, struct error *);
const struct gguf_key *gguf_find(const struct gguf *, const char *name);   /* NULL: it is not there */
const char *gguf_type_name(uint32_t type);                                 /* "Q4_K"; NULL: unknown */

/* The model that the metadata describes; parameters and weight types of the tensor infos are said in its source. */
bool gguf_model(const struct gguf *, struct model *, struct error *);

#endif
