/* Model and task descriptions: what suites/models and suites/tasks say, checked. Pure. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Weight matrices that share a format: attention q, k, v as one; attention out; FFN gate and up as one; FFN down;
 * logits with the embedding table (one tensor when tied, else two of the same format). */
enum tensor_class { CLASS_QKV, CLASS_ATTN_OUT, CLASS_FFN_UP, CLASS_FFN_DOWN, CLASS_LOGITS, CLASS_COUNT };
extern const char *const tensor_class_names[CLASS_COUNT];   /* "qkv", "attn_out", "ffn_up", "ffn_down", "logits" */

struct model {
  char id[64];            /* "llama-3.1-8b" */
  char name[128];
  int64_t hidden, layers, heads, kv_heads, head_dim, ffn, vocab, context;
  bool tied_embeddings, gated_ffn, qkv_bias;
  double params;          /* count, from the dimensions */
  char source[512];
};

struct task {
  char id[64];
  char title[128];
  int64_t prompt, output;      /* tokens of one sequence */
  int64_t concurrency;         /* sequences decoded together */
  char reason[512];            /* why these lengths */
};

/* name: an embedded id (exact, case-insensitive; a miss suggests the nearest) or a path to a .json file. Free with free(). */
struct model *model_load(const char *name, struct error *);
struct task *task_load(const char *name, struct error *);
/* The same from text; what the loaders do after finding it. False with the field named in the error. */
bool model_parse(const char *text, size_t bytes, struct model *, struct error *);
bool task_parse(const char *text, size_t bytes, struct task *, struct error *);

/* A matmul of the model: y[m, n] = x[m, k] w[n, k]^T, with `count` such matrices in the whole model. */
struct model_matmul { enum tensor_class class_; int64_t n, k, count; };
struct model_matmuls { struct model_matmul at[8]; size_t n; };
void model_matmuls(const struct model *, struct model_matmuls *);

/* Weights held in the format of a class; an embedding table that is not tied counts with the logits. */
double model_class_params(const struct model *, enum tensor_class);
/* Bytes of the weights that no format decision touches: norms and biases, as f32. */
double model_fixed_bytes(const struct model *);

#endif
