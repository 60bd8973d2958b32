/* y in double precision, from the stored bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "layout.h"
#include "rng.h"
#include "room.h"
#include "tolerance.h"

enum { GROUP = WEIGHTS_GROUP };

static const void *scales_of(const struct layout *layout, const void *const *data) {
  return layout->scale_row ? data[MATMUL_SCALES] : NULL;
}

static const float *x_row(const struct layout *layout, const void *const *data, uint64_t row) {
  return (const float *)((const char *)data[MATMUL_X] + row * layout->x_row);
}

void reference_matmul(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                      const void *const *data, const uint64_t *index, size_t count, double *value, double *bound) {
  uint64_t n = (uint64_t)kase->dim[1], k = (uint64_t)kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), k);
  for (size_t i = 0; i < count; i++) {
    const float *x = x_row(&layout, data, index[i] / n);
    double sum = 0, absolute = 0;
    for (uint64_t g = 0; g < layout.groups; g++) {
      double weight[GROUP], magnitude[GROUP];
      decode_group(&layout, data[MATMUL_W], scales_of(&layout, data), index[i] % n, g, weight, magnitude);
      for (int e = 0; e < decode_count(k, g); e++) {
        sum += weight[e] * (double)x[g * GROUP + e];
        absolute += magnitude[e] * fabs((double)x[g * GROUP + e]);
      }
    }
    value[i] = sum;
    bound[i] = fill == FILL_EXACT ? 0 : tolerance_dot((double)k, UNIT_F32, absolute, UNIT_F32, sum);
  }
}

/* Freivalds (1977): with random signs r, row i of y satisfies y_i . r = x_i . (W' r). Each y_ij may be wrong by
 * E_ij <= t |x_i| |w_j| (tolerance of a dot product, Cauchy-Schwarz), and signs that do not depend on the errors give
 * |sum of r_j e_ij| <= LAMBDA sqrt(sum of E_ij^2) = LAMBDA t |x_i| ||W||_F but for 2 exp(-LAMBDA^2 / 2) of the draws
 * (Hoeffding 1963). The row nearest to or farthest over its bound is returned. */
void reference_whole(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                     const void *const *data, const float *output, uint64_t seed, double *residual, double *bound) {
  enum { LAMBDA = 4 };
  uint64_t m = (uint64_t)kase->dim[0], n = (uint64_t)kase->dim[1], k = (uint64_t)kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), k);
  double *combined = malloc(k * sizeof *combined);   /* W' r */
  signed char *sign = malloc(n);
  *residual = INFINITY;   /* memory ran out: not proved */
  *bound = 0;
  if (!combined || !sign) goto done;

  struct rng rng = rng_make(seed);
  for (uint64_t j = 0; j < n; j++) sign[j] = rng_next(&rng) >> 63 ? 1 : -1;
  double squares = decode_project(&layout, data[MATMUL_W], scales_of(&layout, data), n, k, sign, combined);
  double worst = -1;
  for (uint64_t i = 0; i < m; i++) {
    const float *x = x_row(&layout, data, i);
    double expected = 0, found = 0, length = 0;
    for (uint64_t e = 0; e < k; e++) {
      expected += combined[e] * (double)x[e];
      length += (double)x[e] * (double)x[e];
    }
    for (uint64_t j = 0; j < n; j++) found += sign[j] * (double)output[i * n + j];
    double difference = fabs(found - expected), norm = sqrt(length * squares);
    double limit = fill == FILL_EXACT ? 0 : LAMBDA * tolerance_dot((double)k, UNIT_F32, norm, UNIT_F32, norm);
    double ratio = limit > 0 ? difference / limit : difference > 0 ? INFINITY : 0;
    if (!isfinite(difference)) ratio = difference = INFINITY;
    if (ratio > worst) {
      worst = ratio;
      *residual = difference;
      *bound = limit;
    }
  }
done:
  free(combined);
  free(sign);
}
