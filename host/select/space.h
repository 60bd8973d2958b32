/* The choices for one model and task on one device, each with what it costs: slots of options, and what is fixed.
 *
 * Decisions that share an op are one slot. A slot per tensor class holds the weight formats; where the class has
 * experts an option also says by which algorithm each phase computes them, the fastest that was measured, since all
 * read the same weights. Where the class has a live adapter, the fastest kernels for the format with the adapter in it
 * count in the same way; without a row of such kernels the adapter is costed as the two products that it is, which
 * `composed` says. One slot holds attention: KV format x algorithm of the prefill x algorithm of the decode,
 * where the two may differ (flash for the prompt, split keys for single tokens) but read the same cache, with what
 * appends to that. Every option is evaluated on every op that it serves. All other ops are nobody's decision: the
 * fastest kernels that compute them are the fixed part.
 *
 * A measured time includes the dispatch of its op and the barrier behind it. Added to the times is one submission per
 * pass through the layers, and for ops that the result has no rows for, one dispatch per launch in place of a time. */
#ifndef SPACE_H
#define SPACE_H

#include "cost.h"
#include "front.h"
#include "model.h"
#include "ops.h"
#include "quality.h"
#include "sensitivity.h"
#include "timing.h"

extern const char *const slot_names[SLOT_COUNT];   /* the classes, then "attention" */

/* Coordinates of a cost. Weights and cache are one, since both only ever count in their sum; scratch is reused by one
 * op after the other, so only the largest need counts. */
enum coord {
  COORD_TTFT, COORD_TPOT, COORD_RESIDENT, COORD_QUALITY, COORD_PREFILL_ENERGY, COORD_DECODE_ENERGY, COORD_SCRATCH,
  COORD_COUNT,
};
#define ENERGY_UNIT 1e-9    /* joules of one step of the energies */
#define QUALITY_UNIT 1e-9   /* nats of one step of COORD_QUALITY */

/* Layers of a class that have the same of the slot's options. */
struct space_part { uint8_t option; size_t layers; double nats; /* that they lose together */ };

/* What an option is made of whose layers have different formats (layers.h). */
struct space_mix {
  size_t n_layers, n_parts;
  const uint8_t *layer;       /* the option of each layer */
  struct space_part parts[];  /* those of most layers first */
};

struct space_option {
  char name[128];            /* "int8_g32"; "flash/flash_split int8"; of a mix layers_text, or as much as fits */
  const struct technique *technique[PHASE_COUNT];   /* of the largest op; the same twice for weights without experts */
  char kv[24];               /* attention: "f16", "int8"; else "" */
  struct space_time time[PHASE_COUNT];   /* to first token, per token (timing_serve); joules: prompts, step */
  double weight_bytes, kv_bytes, scratch_bytes;   /* on the device */
  double adapter_bytes;      /* of weight_bytes: live adapters, on the device wherever the weights are */
  double host_bytes;         /* weights in the host's memory (placement.h) */
  struct quality_estimate quality;       /* nats, lo, hi already scaled to the slot's share of the weights */
  bool composed;             /* the adapter of some phase is costed by matmuls, not by a kernel of its own */
  size_t rank;               /* order in the room's table: the simpler option has the lower one */
  struct space_mix *mix;     /* NULL: all layers alike. Else `technique` is the first part's, `rank` the sum of all */
  struct front_cost cost;
};

struct space_refusal { char name[128], reason[320]; };

/* An op that the result cannot cost: only its launches are counted. */
struct space_uncosted { const char *name; char reason[320]; double launches[PHASE_COUNT]; };

struct space_slot {
  struct space_option *options;
  size_t n, n_mixed;               /* the mixes stand behind the others, and n holds both */
  struct space_refusal *refused;   /* not offered, and why */
  size_t n_refused;
  double share;                    /* of the model's matrix weights; 1 for attention */
  const char *unmixed;             /* why all its layers are alike; NULL where they need not be, or nobody asked */
};

struct space {
  struct setting setting;                 /* that all of it is for */
  struct space_slot slots[SLOT_COUNT];
  struct workload work;                   /* its ops without those that are not costed */
  struct space_uncosted *uncosted;
  size_t n_uncosted;
  struct space_time fixed[PHASE_COUNT];   /* the same of what is no decision: ops, submissions, launches of what is not
                                             costed */
  double fixed_bytes;                     /* norms, biases, routers */
  double fixed_scratch_bytes, activation_bytes;
  bool launches_known;                    /* the result has submit_ns, and dispatch_ns where it is needed */
  bool energy_known;                      /* else that of some op is unknown, and energy is left out for all */
  bool quality_known;                     /* else some option's is unknown, and quality is left out for all */
  double decode_steps, tokens;            /* of a request: steps after the first token, tokens of all sequences */
  struct front_cost base;
};

struct space_request {
  const struct cost_model *cost;
  const struct quality *quality;
  const struct sensitivity *sensitivities;   /* NULL: all layers of a class have one format */
  double most_bytes, most_nats;              /* with these: nobody wants what takes or loses more; INFINITY: no limit */
  struct setting setting;
  const struct task *task;
  bool allow_unknown_quality;
  /* NULL when the target of the emission can hold the option, else why not. NULL pointer: everything is offered. */
  const char *(*lost)(const struct space_option *);
};

/* False when a slot is left without an option (ERROR_INFEASIBLE with each reason) or memory runs out. Free with
 * space_free. */
bool space_build(const struct space_request *, struct space *, struct error *);
void space_free(struct space *);
/* What an option costs to the front, rounded. */
struct front_cost space_cost(const struct space_option *);
/* The option of this name; slot->n: there is none. */
size_t space_find_option(const struct space_slot *, const char *name);
/* Takes quality or energy, or both, out of all costs, since it is unknown of something. */
void space_leave_out(struct space *, bool quality, bool energy);

#endif
