/* model x setting x task -> every op that one request needs, with shapes and counts. Pure.
 *
 * Prefill: the images and then the prompts of all concurrent sequences, one sequence after another, each prompt in
 * chunks of at most a micro-batch (the last one ragged); the logits of one token per sequence at its end. Decode:
 * one step makes one token for every sequence; weights are read once per step (m = concurrency), every sequence has a
 * KV cache of its own. The cache grows from history + prompt by the output: every cost of the model is linear in its
 * length, so the mean over the steps is the cost at the mean length. Where a request has several turns, each finds the
 * cache of those before it, and what is counted is the mean turn.
 *
 * Whether the sequences come together or one by one changes no op; what it makes of the time to first token and per
 * token is said in host/select/timing.h.
 *
 * A task of several lengths: prefill by their weights; in a decode step a length holds as many of the sequences as it
 * has of the tokens written, since long answers stay longer.
 *
 * Sliding windows and MLA are timed by the kernels that come nearest (ops_attention.c); `notes` says so.
 *
 * Left out, because the device does not do it: the choice of a token from the logits, which engines make on the
 * host. */
#ifndef OPS_H
#define OPS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel.h"
#include "setting.h"

enum phase { PHASE_PREFILL, PHASE_DECODE, PHASE_COUNT };

/* Whose choice an op's technique is: a slot is a decision of the user. A class of weights decides a format; attention
 * decides the format of the KV cache and the algorithm. SLOT_FIXED: nobody's, the fastest kernels that compute it
 * run. */
enum { SLOT_ATTENTION = CLASS_COUNT, SLOT_COUNT, SLOT_FIXED = SLOT_COUNT };

/* One kernel. Of its technique, "{format}" and "{algorithm}" are what the slot decides: "matmul.{format}",
 * "moe.{algorithm}_{format}", "kv_cache.append_{format}". The case is not judged: a dimension may be out of range. */
struct op_step { char technique[48]; struct kernel_case kase; };

enum { OP_WAYS = 3, OP_STEPS = 4 };

struct op {
  const char *name;       /* for people: "RoPE of q" */
  enum phase phase;
  int slot;
  bool essential;         /* a model cannot be costed without it; else its launches can stand for it */
  double count;           /* in the whole prefill, or in one decode step */
  struct op_step way[OP_WAYS][OP_STEPS];   /* ways to compute it, each of one step or more; family NULL: no more */
};

/* What the cache of some layers and sequences holds: the bytes of the case's K and V, `count` times. */
struct op_cache { double count; struct kernel_case kase; };

enum { OP_CACHES = 2 * TASK_LENGTHS, OP_NOTES = MODEL_NOTES + 8 };

/* Runs through the layers of the language model: `times` of so many tokens each. */
struct op_run { enum phase phase; double rows, times; };

enum { OP_RUNS = 2 * TASK_LENGTHS + 1 };

struct workload {
  struct op *ops;
  size_t n;
  int64_t micro_batch;          /* the setting's */
  double passes[PHASE_COUNT];   /* runs through the layers: chunks of all prompts; 1 per decode step */
  struct op_run runs[OP_RUNS];  /* all passes but those of images */
  size_t n_runs;
  int64_t kv_length;            /* positions that each sequence's cache must hold in the end */
  struct op_cache caches[OP_CACHES];
  size_t n_caches;
  char notes[OP_NOTES][256];    /* what is timed by something near it, or not at all; "" ends the list */
  double activation_bytes;      /* f32 activations alive at once: residual, norm, q, k, v, gate, up, logits */
};

/* False when the task does not fit the model's context or has images for a model of text. Free with workload_free. */
bool workload_build(const struct setting *, const struct task *, struct workload *, struct error *);
void workload_free(struct workload *);
/* Tokens of the longest prompt of a turn, images included. */
int64_t ops_longest_prompt(const struct model *, const struct task *);

/* The case by which weights are counted in bytes: matmul with a matrix of n x k for one row. False when this build
 * lacks the family. */
bool ops_matrix_case(int64_t n, int64_t k, struct kernel_case *, struct error *);
/* The same for m rows. */
bool ops_product_case(int64_t m, int64_t n, int64_t k, struct kernel_case *, struct error *);
/* Attention over `kv` positions of `batch` sequences, with the model's heads as the kernels take them. The same. */
bool ops_attention_case(const struct model *, int64_t batch, int64_t q, int64_t kv, struct kernel_case *,
                        struct error *);

#endif
