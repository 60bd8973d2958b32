/* What fine-tuning leaves behind: an adapter beside the matrices of a model, and what it adds to the ops of inference.
 * Pure.
 *
 * LoRA (Hu et al. 2021, arXiv 2106.09685, section 4.1): y = W x + s B (A x), A of [rank, k] and B of [n, rank] beside
 * every adapted W of [n, k]. RSLoRA (arXiv 2312.03732) is that with another s. DoRA (arXiv 2402.09353, section 4.2) has
 * a magnitude for each row of W besides. QLoRA (arXiv 2305.14314) is LoRA over weights that were of 4 bits while it was
 * trained, and so must they be where it runs.
 *
 * Merged, W + s B A is a matrix like any other: ops, bytes and formats are those of the model itself. It serves one
 * adapter; each has a copy of the weights. Merging comes before quantising: into quantised weights the adapter would be
 * rounded away. Live, each adapted matrix is an op with the adapter in it; the weights are shared by all adapters. */
#ifndef FINETUNE_H
#define FINETUNE_H

#include "model.h"

struct workload;

enum finetune_method {
  FINETUNE_NONE, FINETUNE_LORA, FINETUNE_RSLORA, FINETUNE_DORA, FINETUNE_QLORA, FINETUNE_METHODS,
};
enum finetune_form { FINETUNE_MERGED, FINETUNE_LIVE, FINETUNE_FORMS };
enum finetune_target { FINETUNE_LINEAR, FINETUNE_ATTENTION, FINETUNE_TARGETS };
extern const char *const finetune_method_names[FINETUNE_METHODS];   /* "none", "lora", "rslora", "dora", "qlora" */
extern const char *const finetune_form_names[FINETUNE_FORMS];       /* "merged", "live" */
extern const char *const finetune_target_names[FINETUNE_TARGETS];   /* "linear", "attention" */

/* Default of the rank: what LoRA's authors and most public adapters stay at or below; 256 is what the kernels take. */
enum { FINETUNE_RANK = 16, FINETUNE_MAX_RANK = 256 };

/* All zero: no adapter. */
struct finetune {
  enum finetune_method method;
  enum finetune_form form;
  enum finetune_target target;   /* all matrices of layers, or those of attention only */
  int64_t rank;
};

/* What is asked for: an adapter of this method, or of any; merged or live, or live only. */
struct finetune_wish {
  bool any, live;
  enum finetune_method method;   /* unless any */
  enum finetune_target target;
  int64_t rank;
};
enum { FINETUNE_MOST = FINETUNE_METHODS * FINETUNE_FORMS };
/* All that fulfil the wish and can serve the task, merged before live; at least one. Where any method will do, LoRA
 * stands for those that cost the same: all that are merged, and RSLoRA. */
size_t finetune_list(const struct finetune_wish *, const struct task *, struct finetune out[FINETUNE_MOST]);

/* The ops and bytes of inference change: there is an adapter, and it is live. */
bool finetune_is_live(const struct finetune *);
/* Different adapters in one decode step of the task: at least 1. */
int64_t finetune_adapters(const struct task *);

/* Some matrix of the class has an adapter. Of a model with experts only attention has: no kernel adapts experts. */
bool finetune_adapts_class(const struct model *, const struct finetune *, enum tensor_class);

/* Numbers of one adapter that are trained: rank (n + k) for each adapted matrix, and n magnitudes with DoRA. */
double finetune_params(const struct model *, const struct finetune *);
/* Bytes of one adapter beside the weights of the class as the kernels hold it: f16, and f32 scales and magnitudes. The
 * layout, with its padding, is the room's (shaders/adapter/adapter.h). 0 unless live. */
double finetune_class_bytes(const struct model *, const struct finetune *, enum tensor_class);

/* NULL when the adapter can serve the task in this form, else why not. Static text. */
const char *finetune_refusal(const struct finetune *, const struct task *);
/* NULL when weights of this format ("int4_g32") can lie under the adapter, else why not. Static text. */
const char *finetune_format_refusal(const struct finetune *, const char *format);

/* In how many things it differs from no adapter: live is one more than merged. */
size_t finetune_departs(const struct finetune *);
/* "live rslora of rank 16 on attention" */
void finetune_text(const struct finetune *, char *out, size_t size);

/* A technique of the adapter family computes this method: "adapter.dora_f16" DoRA, all others the rest. */
bool finetune_uses(const struct finetune *, const char *technique);

/* Puts a live adapter into the ops of a workload: the matmul of every adapted matrix becomes an adapter op, of which
 * way[0] are the adapter's kernels. The other ways, where there are such, are what engines do without them: the two
 * small products as matmuls of f16, and their sum with W x as a residual, or as a residual with a norm behind it, which
 * costs more and is measured more often. (Where rows of a batch differ in their adapter, and for DoRA, there are none.)
 * Prefill reads one sequence after another, each with one adapter. Does nothing unless live. Called by
 * workload_build. */
bool finetune_workload(struct workload *, const struct model *, const struct task *, const struct finetune *,
                       struct error *);
#endif
