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
 * matrices of the FFN, of which the last has no gate; the norm of layers; where it stands: before attention and before
 * the FFN, also after both, or once before both, which then run side by side. */
enum qk_norm { QK_NORM_NONE, QK_NORM_HEAD, QK_NORM_WHOLE, QK_NORMS };
enum rope { ROPE_HALVES, ROPE_PAIRS, ROPES };
enum activation { ACTIVATION_SWIGLU, ACTIVATION_GEGLU, ACTIVATION_GELU, ACTIVATIONS };
enum norm { NORM_RMS, NORM_LAYER, NORMS };
enum block { BLOCK_SEQUENTIAL, BLOCK_SANDWICH, BLOCK_PARALLEL, BLOCKS };
extern const char *const qk_norm_names[QK_NORMS];         /* "none", "head", "whole" */
extern const char *const rope_names[ROPES];               /* "halves", "pairs" */
extern const char *const activation_names[ACTIVATIONS];   /* "swiglu", "geglu", "gelu" */
extern const char *const norm_names[NORMS];               /* "rms", "layer" */
extern const char *const block_names[BLOCKS];             /* "sequential", "sandwich", "parallel" */

/* Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1): k and v of all heads are projections of one
 * latent of kv_rank, which the cache holds beside one key of `rope` elements that has the position. */
struct mla {
  int64_t q_rank, kv_rank;   /* q_rank 0: q is projected at once. kv_rank 0: no MLA */
  int64_t nope, rope, v;     /* elements of a head: of q and k without position, with it; of v */
};

/* An image encoder and the projector behind it. Its matrices are f16, as in llama.cpp's mmproj files. */
struct vision {
  int64_t layers, hidden, heads, ffn;   /* layers 0: a model of text only */
  bool gated_ffn, rope;                 /* SwiGLU, else GELU; positions by RoPE, else by a table */
  enum norm norm;
  int64_t patch, frames, merge;         /* pixels of a side; copies of the image in it; merge^2 patches are a token */
  int64_t image;                        /* pixels of the side that every image is scaled to; 0: it keeps its own */
  int64_t positions;                    /* rows of the table */
  int64_t window, window_layers;        /* patches that see each other, in so many layers */
  int64_t projector[4];                 /* widths, from hidden x merge^2 to the model's hidden */
  size_t n_projector;
};

enum { MODEL_NOTES = 8 };

/* Layers are alike but for two things, of which only the number matters here: some may see a window only, and some of a
 * model with experts may have a dense FFN. */
struct model {
  char id[64];            /* "llama-3.1-8b" */
  char name[128];
  int64_t hidden, layers, heads, kv_heads, head_dim, vocab, context;
  int64_t ffn, dense_layers;   /* inner width of the dense FFN and the layers that have one: all without experts */
  int64_t experts, experts_per_token, expert_ffn;   /* expert_ffn: inner width of one; all 0 in a dense model */
  int64_t shared_ffn;          /* inner width of the expert that serves all tokens; 0: none */
  int64_t window, window_layers;
  bool tied_embeddings, gated_ffn, qkv_bias;
  enum qk_norm qk_norm;
  enum rope rope;
  enum activation activation;
  enum norm norm;
  enum block block;
  struct mla mla;
  struct vision vision;
  double params, active_params;   /* counts, from the dimensions; active: of a token, with its experts only */
  double published_params;        /* what its files hold, or its makers say; NAN: unknown */
  char not_costed[MODEL_NOTES][128];   /* what it has and no cost counts; "" ends the list */
  char unverified[128];   /* "tied_embeddings, context": fields that were not seen in a source; "" none */
  char source[512];
};

enum { TASK_LENGTHS = 8 };

/* How the sequences of a task that has several at once begin: a batch job, whose prompts are all read before the first
 * token, or a server, where each is read when it comes while the others decode. */
enum arrivals { ARRIVALS_TOGETHER, ARRIVALS_ONE_BY_ONE, ARRIVALS };
extern const char *const arrivals_names[ARRIVALS];   /* "together", "one by one" */

/* One kind of request among those of a task. */
struct task_length {
  int64_t history;             /* tokens already in the cache, shared with earlier turns */
  int64_t prompt, output;      /* tokens to read and to write in one turn */
  double weight;               /* its share of the requests; all sum to 1 */
};

struct task {
  char id[64];
  char title[128];
  int64_t prompt, output;      /* tokens of one turn: the means over `lengths`, rounded up */
  struct task_length lengths[TASK_LENGTHS];
  size_t n_lengths;            /* 0: one length, {0, prompt, output, 1} */
  int64_t turns;               /* of a request, each with the cache of those before it; 0 as 1 */
  int64_t concurrency;         /* sequences decoded together */
  enum arrivals arrivals;
  int64_t adapters;            /* different adapters among these; 0: nothing is said */
  int64_t images, image_side;  /* per request, before the prompt; pixels */
  double max_ttft_ms, max_tpot_ms;    /* what a person accepts; NAN: nothing is said */
  double max_quality_loss_percent;    /* of perplexity that may be given up; NAN: nothing is said */
  char reason[1024];           /* why these lengths and limits */
};

/* name: an embedded id (exact, case-insensitive; a miss suggests the nearest) or a path. A model's file is ours, a
 * Hugging Face config.json or GGUF, told apart by what is in it. Free with free(). */
struct model *model_load(const char *name, struct error *);
struct task *task_load(const char *name, struct error *);
/* The same from text; what the loaders do after finding it. False with the field named in the error. */
bool model_parse(const char *text, size_t bytes, struct model *, struct error *);
bool task_parse(const char *text, size_t bytes, struct task *, struct error *);
/* What every reader of models ends with: refuses dimensions that contradict each other, drops a sliding window that
 * holds the whole context, and counts the parameters. */
bool model_finish(struct model *, struct error *);
/* Adds a line to not_costed; dropped when that is full. */
void model_note(struct model *, const char *text);

/* The i-th length; their number. */
size_t task_n_lengths(const struct task *);
struct task_length task_length_at(const struct task *, size_t i);

/* Which layers have such a matrix: every one, those with a dense FFN, those with experts (each expert's own, or one
 * that serves them all), none. Layers with a dense FFN come first, as in DeepSeek's first_k_dense_replace. */
enum matrix_of { MATRIX_OF_LAYERS, MATRIX_OF_DENSE, MATRIX_OF_ROUTED, MATRIX_OF_EXPERTS, MATRIX_OF_NO_LAYER };
/* `count` weight matrices [n, k] in the whole model, each expert's counted. The encoder's are not among them. */
struct model_matrix { enum tensor_class class_; enum matrix_of of; int64_t n, k, count; };
struct model_matrices { struct model_matrix at[16]; size_t n; };
void model_matrices(const struct model *, struct model_matrices *);

/* Weights held in the format of a class; an embedding table that is not tied counts with the logits. */
double model_class_params(const struct model *, enum tensor_class);
/* Bytes of the weights that no format decision touches: norms, biases and routers, as f32, and the encoder and
 * projector as f16. Engines keep routers unquantised: llama.cpp holds ffn_gate_inp in F32, and llama-quantize passes it
 * over (ggml-org/llama.cpp PR 5754). */
double model_fixed_bytes(const struct model *);

/* Of one image of `side` pixels: patches that the encoder sees, tokens that join the prompt. 0 without an encoder. */
int64_t vision_patches(const struct vision *, int64_t side);
int64_t vision_tokens(const struct vision *, int64_t side);

#endif
