/* Model and task descriptions: what suites/models and suites/tasks say, checked. Pure. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Weight matrices that share a format: attention q, k, v as one; attention out; FFN gate and up as one, and FFN down,
 * those of all experts included; logits with the embedding table (one tensor when tied, else two of one format). */
enum tensor_class { CLASS_QKV, CLASS_ATTN_OUT, CLASS_FFN_UP, CLASS_FFN_DOWN, CLASS_LOGITS, CLASS_COUNT };
extern const char *const tensor_class_names[CLASS_COUNT];   /* "qkv", "attn_out", "ffn_up", "ffn_down", "logits" */

/* RMSNorm of q and k: none, per head, over all heads; which elements of a head turn together; what is between the
 * matrices of the FFN, of which the last has no gate. */
enum qk_norm { QK_NORM_NONE, QK_NORM_HEAD, QK_NORM_WHOLE, QK_NORMS };
enum rope { ROPE_HALVES, ROPE_PAIRS, ROPES };
enum activation { ACTIVATION_SWIGLU, ACTIVATION_GEGLU, ACTIVATION_GELU, ACTIVATIONS };
extern const char *const qk_norm_names[QK_NORMS];         /* "none", "head", "whole" */
extern const char *const rope_names[ROPES];               /* "halves", "pairs" */
extern const char *const activation_names[ACTIVATIONS];   /* "swiglu", "geglu", "gelu" */

/* Every layer is alike: attention, then a feed-forward layer that is dense, or made of experts (of which a router
 * chooses some for each token) with or without a shared one that serves all tokens. */
struct model {
  char id[64];            /* "llama-3.1-8b" */
  char name[128];
  int64_t hidden, layers, heads, kv_heads, head_dim, vocab, context;
  int64_t ffn;            /* inner width of the dense layer, of the shared expert where there are experts; 0: none */
  int64_t experts, experts_per_token, expert_ffn;   /* expert_ffn: inner width of one; all 0 in a dense model */
  bool tied_embeddings, gated_ffn, qkv_bias;
  enum qk_norm qk_norm;
  enum rope rope;
  enum activation activation;
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

/* `count` weight matrices [n, k] in the whole model, each expert's counted. */
struct model_matrix { enum tensor_class class_; int64_t n, k, count; };
struct model_matrices { struct model_matrix at[8]; size_t n; };
void model_matrices(const struct model *, struct model_matrices *);

/* Weights held in the format of a class; an embedding table that is not tied counts with the logits. */
double model_class_params(const struct model *, enum tensor_class);
/* Bytes of the weights that no format decision touches: norms, biases and routers, as f32. Engines keep routers
 * unquantised: llama.cpp holds ffn_gate_inp in F32, and llama-quantize passes it over (ggml-org/llama.cpp PR 5754). */
double model_fixed_bytes(const struct model *);

#endif
