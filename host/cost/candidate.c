#include "candidate.h"

#include <math.h>
#include <string.h>

static bool same_tuning(const struct result_row *a, const struct result_row *b) {
  if (a->n_tuning != b->n_tuning) return false;
  for (size_t t = 0; t < a->n_tuning; t++)
    if (a->tuning[t] != b->tuning[t] || strcmp(a->tuning_names[t], b->tuning_names[t]) != 0) return false;
  return true;
}

/* Whether row i counts and is the first with its tuning that does. */
static bool is_first_of_tuning(const struct cost_kernel *kernel, size_t i, long without) {
  if (kernel->fit.points[i].unit == without) return false;
  for (size_t j = 0; j < i; j++)
    if (kernel->fit.points[j].unit != without && same_tuning(kernel->rows[i], kernel->rows[j])) return false;
  return true;
}

static double log_ratio(double a, double b) { return fabs(log((a + 1) / (b + 1))); }

/* How far a row's shape is in bytes and operations, which do not tell N from K. */
static double distance_of(const struct cost_kernel *kernel, const struct result_row *row,
                          const struct kernel_case *kase) {
  const struct kernel_case other = cost_case_of(row);
  return log_ratio(kase->family->bytes(kase, kernel->technique), other.family->bytes(&other, kernel->technique)) +
         log_ratio(kase->family->flops(kase), other.family->flops(&other));
}

static const struct result_row *nearest(const struct candidate *found, const struct kernel_case *kase, long without) {
  const struct cost_kernel *kernel = found->kernel;
  const struct result_row *best = found->row;
  for (size_t i = 0; i < kernel->n; i++) {
    if (kernel->fit.points[i].unit == without || !same_tuning(kernel->rows[i], found->row)) continue;
    if (distance_of(kernel, kernel->rows[i], kase) < distance_of(kernel, best, kase)) best = kernel->rows[i];
  }
  return best;
}

bool candidate_find(const struct cost_model *cost, const struct technique *technique, const struct kernel_case *kase,
                    long without, struct candidate *out) {
  const enum regime regime = cost_law_regime(kase);
  *out = (struct candidate){0};
  for (size_t k = 0; k < cost->n_kernels; k++) {
    const struct cost_kernel *kernel = &cost->kernels[k];
    if (kernel->technique != technique || kernel->regime != regime) continue;
    for (size_t i = 0; i < kernel->n; i++) {
      struct candidate here = {.kernel = kernel, .row = kernel->rows[i]};
      if (!is_first_of_tuning(kernel, i, without)) continue;
      if (!demand_of(here.row, kase, &cost->result->caps, cost->cores, &here.demand)) continue;
      here.ns = kernel->fit.fitted ? fit_at(&kernel->fit.fit, here.demand.amount) : INFINITY;
      if (!out->kernel || here.ns < out->ns) *out = here;
    }
  }
  if (out->kernel) out->row = nearest(out, kase, without);
  return out->kernel != NULL;
}

bool candidate_is_extrapolated(const struct candidate *candidate, long without) {
  static const enum fit_term terms[] = {FIT_BYTE, FIT_OPERATION};
  const struct cost_kernel *kernel = candidate->kernel;
  for (size_t t = 0; t < sizeof terms / sizeof terms[0]; t++) {
    const double asked = candidate->demand.amount[terms[t]];
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < kernel->n; i++) {
      if (kernel->fit.points[i].unit == without) continue;
      least = fmin(least, kernel->fit.points[i].amount[terms[t]]);
      most = fmax(most, kernel->fit.points[i].amount[terms[t]]);
    }
    if (asked < least / 2 || asked > most * 2) return true;
  }
  return false;
}
