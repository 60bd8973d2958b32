/* result -> predicted cost of any shape on that device, with its error. Deterministic, derived from the result each
 * time it is read and never stored in it. The law, term by term: fit.h; how kernels share it: pool.h; what it was
 * measured to be worth: docs/cost-model.md.
 *
 * Every kernel (a variant) has a law of its own, fitted to all its timed rows: of those too that lost their shape to
 * another kernel. Of a technique the kernel is predicted whose law is the fastest at the shape, so that where one gives
 * way to another follows from both. Kernels built from one source are one pool, and the empty dispatch, where the
 * result has it, is one more point of each: an op of nothing takes as long. Warm rows are not used: weights and KV
 * stream. A shape that was measured is answered by its row, of several the one of result_fastest, any other by the law.
 *
 * What is asked for and how good the answers are is told by technique and regime, few rows or many: a group. */
#ifndef COST_H
#define COST_H

#include <stdbool.h>
#include <stddef.h>

#include "demand.h"
#include "energy.h"
#include "family.h"
#include "kernel.h"
#include "pool.h"
#include "result.h"

struct cost_kernel {
  const struct variant *variant;
  const struct technique *technique;
  enum regime regime;               /* the law's, by cost_law_regime */
  const struct result_row **rows;   /* one of each shape */
  size_t n;
  struct pool_member fit;           /* of points[i] of rows[i]; then, where it is known, the empty dispatch */
};

/* What the laws say of a row if no row of its unit had been measured. */
struct cost_left_out { double ns; bool extrapolated; };   /* NAN: the others do not carry a prediction */

struct cost_group {
  const struct technique *technique;
  const struct family *family;
  enum regime regime;
  const struct result_row **rows;      /* the one that counts of each shape */
  struct cost_left_out *left_out;      /* of each of them */
  size_t n;
  double error;                        /* standard deviation of log(predicted / measured), from left_out; NAN unknown */
};

struct cost_model {
  const struct result *result;
  struct cost_kernel *kernels;
  struct cost_group *groups;
  size_t n_kernels, n;
  struct cores cores;               /* as the device's times tell (law.h) */
  bool has_energy;                  /* enough rows had their joules measured for a fit */
  struct energy_fit energy;         /* when has_energy: over all techniques and regimes */
};

/* Keeps the result, which must live longer. NULL when memory runs out, no row of the result carries
 * a usable time, or its limits are none that Vulkan allows. */
struct cost_model *cost_build(const struct result *, struct error *);
void cost_free(struct cost_model *);
const struct cost_group *cost_find(const struct cost_model *, const char *technique, enum regime);

struct cost_estimate {
  double ns, lo, hi;               /* of one run of the op; lo to hi holds it in 95 % of cases, NAN: error unknown */
  const struct result_row *row;    /* the measured row itself, or one of the kernel that would run */
  bool measured;                   /* this very shape */
  bool extrapolated;               /* bytes or operations more than 2x outside what was measured of that kernel */
  double scratch_bytes;            /* device memory that the kernel needs while it runs */
  double joules, joules_error;     /* of one run; NAN: nothing was measured, or its error is unknown */
  bool joules_measured;            /* the row's own; else modelled */
};

/* False with the reason in err when the case is outside what the room takes, or the technique has no usable rows in the
 * case's regime, too few of one kernel for a fit, or no measured variant that is valid for the case. */
bool cost_predict(const struct cost_model *, const char *technique, const struct kernel_case *, struct cost_estimate *,
                  struct error *);

struct kernel_case cost_case_of(const struct result_row *);   /* of a known family */

/* The same for row i of a group as if no row of its unit had been measured: what leave-one-out says of a shape that
 * was. ns, lo, hi and extrapolated are set; false when the others do not carry a prediction. */
bool cost_left_out(const struct cost_group *, size_t i, struct cost_estimate *);

/* What the device draws over ns in which nothing is computed, such as launches; NAN unknown. */
double cost_idle_joules(const struct cost_model *, double ns);

/* Bytes of what streams: weights with their scales, or the K and V cache. NAN when the shape is outside what the room
 * takes. */
double cost_stream_bytes(const struct kernel_case *, const struct technique *);

#endif
