/* Model and task descriptions, and the ops a model needs for a task. Pure. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum { MODEL_CLASSES = 6 };
/* Weight matrices that share a format: attention q, k, v as one; attention out; FFN gate and up as one; FFN down; logits (embedding when tied). */
enum tensor_class { CLASS_QKV, CLASS_ATTN_OUT, CLASS_FFN_UP, CLASS_FFN_DOWN, CLASS_LOGITS, CLASS_COUNT };
extern const char *const tensor_class_names[CLASS_COUNT];   /* "qkv", "attn_out", "ffn_up", "ffn_down", "logits" */

struct model {
  char id[64];            /* "llama-3.1-8b" */
  char name[128];
  int64_t hidden, layers, heads, kv_heads, head_dim, ffn, vocab, context;
  bool tied_embeddings, gated_ffn;
  double params;          /* count, from the dimensions */
  char source[512];
};

struct task {
  char id[64];
  char title[128];
  int64_t prompt, output;      /* tokens */
  int64_t concurrency;         /* sequences decoded together */
  char reason[512];            /* why these lengths */
};

/* name: an embedded id (exact, case-insensitive; a miss suggests the nearest) or a path to a .json file. */
struct model *model_load(const char *name, struct error *);
struct task *task_load(const char *name, struct error *);

/* A matmul of the model: y[m, n] = x[m, k] w[n, k]^T, `count` times in the whole model. */
struct model_matmul { enum tensor_class class_; int64_t n, k, count; };
struct model_matmuls { struct model_matmul at[8]; size_t n; };
void model_matmuls(const struct model *, struct model_matmuls *);

#endif
