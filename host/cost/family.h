/* How the dimensions of an op enter its cost. */
#ifndef FAMILY_H
#define FAMILY_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

enum regime { REGIME_DECODE, REGIME_PREFILL, REGIME_ANY, REGIME_COUNT };
enum regime cost_regime(const struct kernel_case *);
/* Where one law of a kernel holds: in any regime, but for attention, whose kernels do other work for one query than
 * for many. */
enum regime cost_law_regime(const struct kernel_case *);

/* An op of a model; ceilings are rulers. */
bool family_is_costed(const struct family *);
/* Rows where a dimension is away from this are studies of the kernel, not of a model. */
bool family_at_preset(const struct family *, const int64_t *dim);
/* The same shape for what is asked here: an op of one family costs the same at both. */
bool family_same_shape(const struct family *, const int64_t *a, const int64_t *b);
/* The same unit of what is left out together: a weight matrix, a set of experts, a head layout. */
bool family_same_unit(const struct family *, const int64_t *a, const int64_t *b);
/* Operations of the family that make one score; 0: it has none. */
double family_per_score(const struct kernel_case *);
/* False with the dimension named when the kernels do not take it. */
bool family_in_range(const struct kernel_case *, struct error *);

#endif
