/* model x task -> the ops that one request needs, with their shapes and counts. Pure.
 *
 * Prefill: the prompts of all concurrent sequences, one sequence after another, each in chunks of at most MICRO_BATCH
 * tokens (the last one ragged); the logits of one token per sequence at its end. Decode: one step makes one token for
 * every sequence; weights are read once per step (m = concurrency), every sequence has a KV cache of its own. The cache
 * grows from prompt to prompt + output: every cost of the model is linear in its length, so the mean over the steps is
 * the cost at the mean length. */
#ifndef OPS_H
#define OPS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "model.h"

enum { MICRO_BATCH = 512 };   /* llama.cpp's default of --ubatch-size, which the emitted command states */
enum phase { PHASE_PREFILL, PHASE_DECODE, PHASE_COUNT };

struct op_matmul { enum phase phase; enum tensor_class class_; int64_t m, n, k; double count; };
/* Causal: the q queries of each of `batch` sequences are the last of its kv positions. */
struct op_attention { enum phase phase; int64_t batch, q, kv; double count; };

/* What is part of the model but has no measured row yet: only its launches are counted. */
struct op_uncosted { const char *name; int64_t per_layer, per_pass; };
extern const struct op_uncosted ops_uncosted[];
extern const size_t n_ops_uncosted;

struct workload {
  struct op_matmul *matmul;
  size_t n_matmul;
  struct op_attention *attention;
  size_t n_attention;
  double passes[PHASE_COUNT];     /* runs through the layers: chunks of all prompts; 1 per decode step */
  double launches[PHASE_COUNT];   /* dispatches of the ops that are not costed */
  int64_t kv_length;              /* positions that each sequence's cache must hold in the end */
  double activation_bytes;        /* f32 activations alive at once: residual, norm, q, k, v, gate, up, logits */
};

/* False when the task does not fit the model's context. Free with workload_free. */
bool workload_build(const struct model *, const struct task *, struct workload *, struct error *);
void workload_free(struct workload *);

#endif
