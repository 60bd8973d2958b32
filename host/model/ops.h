/* model x task -> every op that one request needs, with shapes and counts. Pure.
 *
 * Prefill: the prompts of all concurrent sequences, one sequence after another, each in chunks of at most MICRO_BATCH
 * tokens (the last one ragged); the logits of one token per sequence at its end. Decode: one step makes one token for
 * every sequence; weights are read once per step (m = concurrency), every sequence has a KV cache of its own. The cache
 * grows from prompt to prompt + output: every cost of the model is linear in its length, so the mean over the steps is
 * the cost at the mean length.
 *
 * Left out, because the device does not do it: the choice of a token from the logits, which engines make on the
 * host. */
#ifndef OPS_H
#define OPS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel.h"
#include "model.h"

enum { MICRO_BATCH = 512 };   /* llama.cpp's default of --ubatch-size, which the emitted command states */
enum phase { PHASE_PREFILL, PHASE_DECODE, PHASE_COUNT };

/* Whose choice an op's technique is: a slot is a decision of the user. A class of weights decides a format; attention
 * decides the format of the KV cache and the algorithm. SLOT_FIXED: nobody's, the fastest kernels that compute it
 * run. */
enum { SLOT_ATTENTION = CLASS_COUNT, SLOT_COUNT, SLOT_FIXED = SLOT_COUNT };

/* One kernel. Of its technique, "{format}" and "{algorithm}" are what the slot decides: "matmul.{format}",
 * "moe.{algorithm}_{format}", "kv_cache.append_{format}". The case is not judged: a dimension may be out of range. */
struct op_step { char technique[48]; struct kernel_case kase; };

enum { OP_WAYS = 2, OP_STEPS = 2 };

struct op {
  const char *name;       /* for people: "RoPE of q" */
  enum phase phase;
  int slot;
  bool essential;         /* a model cannot be costed without it; else its launches can stand for it */
  double count;           /* in the whole prefill, or in one decode step */
  struct op_step way[OP_WAYS][OP_STEPS];   /* ways to compute it, each of one step or more; family NULL: no more */
};

struct workload {
  struct op *ops;
  size_t n;
  double passes[PHASE_COUNT];   /* runs through the layers: chunks of all prompts; 1 per decode step */
  int64_t kv_length;            /* positions that each sequence's cache must hold in the end */
  double activation_bytes;      /* f32 activations alive at once: residual, norm, q, k, v, gate, up, logits */
};

/* False when the task does not fit the model's context. Free with workload_free. */
bool workload_build(const struct model *, const struct task *, struct workload *, struct error *);
void workload_free(struct workload *);

/* The cases by which weights and caches are counted in bytes: matmul with a matrix of n x k for one row, and attention
 * over `kv` positions of `batch` sequences. False when this build lacks the family. */
bool ops_matrix_case(int64_t n, int64_t k, struct kernel_case *, struct error *);
bool ops_attention_case(const struct model *, int64_t batch, int64_t q, int64_t kv, struct kernel_case *,
                        struct error *);

#endif
