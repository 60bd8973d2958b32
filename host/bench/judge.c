#include "judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "rng.h"

enum {
  BLOCK = 4096,        /* elements whose reference is computed at once */
  SEEDED = 1024,       /* random elements of a timed shape */
  ENDS = 64,           /* elements at each end of it */
  EDGES = 24,          /* multiples of each dimension looked at, at both ends of the output */
};

static void judge_element(const float *output, uint64_t at, double value, double bound, struct judgement *judgement) {
  double error = fabs((double)output[at] - value);
  bool right = error <= bound;   /* false for NaN */
  double ratio = error == 0 ? 0 : bound > 0 ? error / bound : INFINITY;
  if (!(ratio <= judgement->ratio)) {
    judgement->ratio = isnan(ratio) ? INFINITY : ratio;
    judgement->error.tolerance = bound;
  }
  if (!right && judgement->right) {
    judgement->right = false;
    snprintf(judgement->what, sizeof judgement->what,
             "element %" PRIu64 " is %.9g, the reference %.9g, allowed error %.3g", at, (double)output[at], value,
             bound);
  }
  if (!(error <= judgement->error.max_abs)) judgement->error.max_abs = error;
  judgement->sum_error2 += error * error;
  judgement->sum_value2 += value * value;
}

static bool judge_indices(const struct variant *variant, const struct dataset *set, const float *output,
                          const uint64_t *index, size_t n, struct judgement *judgement, struct error *err) {
  double *value = malloc(2 * BLOCK * sizeof *value);
  if (!value) return error_set(err, ERROR_MEMORY, "out of memory");
  double *bound = value + BLOCK;
  const struct arithmetic arithmetic = arithmetic_of(set->kase.family, variant);
  for (size_t begin = 0; begin < n; begin += BLOCK) {
    size_t count = n - begin < BLOCK ? n - begin : BLOCK;
    arithmetic.reference(&set->kase, set->technique, set->fill, (const void *const *)set->data, index + begin, count,
                         value, bound);
    for (size_t i = 0; i < count; i++) judge_element(output, index[begin + i], value[i], bound[i], judgement);
  }
  judgement->error.elements += n;
  judgement->error.nmse = judgement->sum_value2 > 0   ? judgement->sum_error2 / judgement->sum_value2
                          : judgement->sum_error2 > 0 ? INFINITY
                                                      : 0;
  free(value);
  return true;
}

/* What is compared: the values that the family decodes from the output, or its floats as they are. */
struct values { const float *value; uint64_t n; float *decoded; };

static bool values_make(const struct dataset *set, const float *output, struct values *values, struct error *err) {
  const struct family *family = set->kase.family;
  *values = (struct values){output, dataset_outputs(set), NULL};
  if (!family->decode) return true;
  values->n = family->values(&set->kase, set->technique);
  values->value = values->decoded = malloc(values->n * sizeof *values->decoded);
  if (!values->decoded) return error_set(err, ERROR_MEMORY, "out of memory for %" PRIu64 " values", values->n);
  family->decode(&set->kase, set->technique, output, values->decoded);
  return true;
}

static bool judge_every(const struct variant *variant, const struct dataset *set, const struct values *values,
                        struct judgement *judgement, struct error *err) {
  uint64_t *index = malloc(values->n * sizeof *index);
  if (!index) return error_set(err, ERROR_MEMORY, "out of memory for %" PRIu64 " indices", values->n);
  for (uint64_t i = 0; i < values->n; i++) index[i] = i;
  bool ok = judge_indices(variant, set, values->value, index, values->n, judgement, err);
  free(index);
  return ok;
}

bool judge_all(const struct variant *variant, const struct dataset *set, const float *output,
               struct judgement *judgement, struct error *err) {
  struct values values;
  if (!values_make(set, output, &values, err)) return false;
  bool ok = judge_every(variant, set, &values, judgement, err);
  free(values.decoded);
  return ok;
}

static size_t add_index(uint64_t *index, size_t n, uint64_t at, uint64_t outputs) {
  if (at < outputs) index[n++] = at;
  return n;
}

/* Both sides of multiples of each dimension, from the front and from the back. */
static size_t add_edges(const struct dataset *set, uint64_t outputs, uint64_t *index, size_t n) {
  for (size_t d = 0; d < set->kase.family->n_dims; d++) {
    uint64_t dim = set->kase.dim[d] > 0 ? (uint64_t)set->kase.dim[d] : 0;
    for (uint64_t i = 1; dim > 1 && i <= EDGES / 2; i++) {
      uint64_t front = i * dim, back = outputs / dim > i ? (outputs / dim - i) * dim : 0;
      n = add_index(index, n, front - 1, outputs);
      n = add_index(index, n, front, outputs);
      if (back > front) {
        n = add_index(index, n, back - 1, outputs);
        n = add_index(index, n, back, outputs);
      }
    }
  }
  return n;
}

static bool judge_sample(const struct variant *variant, const struct dataset *set, const struct values *values,
                         uint64_t seed, struct judgement *judgement, struct error *err) {
  enum { MOST = SEEDED + 2 * ENDS + 2 * EDGES * KERNEL_DIMS };
  if (values->n <= MOST) return judge_every(variant, set, values, judgement, err);
  uint64_t *index = malloc(MOST * sizeof *index);
  if (!index) return error_set(err, ERROR_MEMORY, "out of memory");
  size_t n = 0;
  for (uint64_t i = 0; i < ENDS; i++) {
    index[n++] = i;
    index[n++] = values->n - 1 - i;
  }
  n = add_edges(set, values->n, index, n);
  struct rng rng = rng_make(seed);
  for (int i = 0; i < SEEDED; i++) index[n++] = rng_below(&rng, values->n);
  bool ok = judge_indices(variant, set, values->value, index, n, judgement, err);
  free(index);
  return ok;
}

bool judge_some(const struct variant *variant, const struct dataset *set, const float *output, uint64_t seed,
                struct judgement *judgement, struct error *err) {
  struct values values;
  if (!values_make(set, output, &values, err)) return false;
  bool ok = judge_sample(variant, set, &values, seed, judgement, err);
  free(values.decoded);
  const struct arithmetic arithmetic = arithmetic_of(set->kase.family, variant);
  if (!ok || !arithmetic.whole || !judgement->right) return ok;
  double residual, bound;
  arithmetic.whole(&set->kase, set->technique, set->fill, (const void *const *)set->data, output, seed, &residual,
                   &bound);
  if (!(residual <= bound)) {
    judgement->right = false;
    snprintf(judgement->what, sizeof judgement->what, "the check of the whole output leaves %.3g, allowed %.3g",
             residual, bound);
  }
  return true;
}
