/* y in double precision, from the stored bytes. The decoding is written anew here, byte by byte, so that it shares no
 * mistake with weights.glsl or quantize.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fp16.h"
#include "layout.h"
#include "matmul.h"
#include "rng.h"
#include "room.h"
#include "tolerance.h"

enum { GROUP = MATMUL_GROUP };

static double half_at(const unsigned char *at) { return fp16_to_float((uint16_t)(at[0] | at[1] << 8)); }

/* The 32 weights of a group, and what each adds to the magnitude of a sum: |d code| + |z|, since a kernel may sum the
 * two parts apart. */
static void decode_group(const struct layout *layout, const void *const *data, uint64_t row, uint64_t group,
                         double weight[GROUP], double magnitude[GROUP]) {
  const unsigned char *codes =
      (const unsigned char *)data[LAYOUT_W] + row * layout->w_row + group * (layout->w_row / layout->groups);
  const unsigned char *scales = data[LAYOUT_SCALES];
  uint64_t scale = row * layout->groups + group;
  for (int e = 0; e < GROUP; e++) {
    double d = 1, z = 0, code = 0;
    switch (layout->format) {
      case LAYOUT_F32: {
        float value;
        memcpy(&value, codes + 4 * e, sizeof value);
        code = value;
        break;
      }
      case LAYOUT_F16: code = half_at(codes + 2 * e); break;
      case LAYOUT_INT8_G32:
        d = half_at(scales + 2 * scale);
        code = (signed char)codes[e];
        break;
      case LAYOUT_INT4_G32:
        d = half_at(scales + 2 * scale);
        code = (codes[e & 15] >> (e < 16 ? 0 : 4) & 15) - 8;
        break;
      case LAYOUT_INT4Z_G32:
        d = half_at(scales + 4 * scale);
        z = half_at(scales + 4 * scale + 2);
        code = codes[e & 15] >> (e < 16 ? 0 : 4) & 15;
        break;
      case LAYOUT_FORMATS: break;
    }
    weight[e] = d * code + z;
    magnitude[e] = fabs(d * code) + fabs(z);
  }
}

/* Elements of a group that lie within k: the padding is not part of the op. */
static int group_size(uint64_t k, uint64_t group) {
  return k - group * GROUP < GROUP ? (int)(k - group * GROUP) : GROUP;
}

static const float *x_row(const struct layout *layout, const void *const *data, uint64_t row) {
  return (const float *)((const char *)data[LAYOUT_X] + row * layout->x_row);
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
      decode_group(&layout, data, index[i] % n, g, weight, magnitude);
      for (int e = 0; e < group_size(k, g); e++) {
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
  double *combined = calloc(layout.groups * GROUP, sizeof *combined);   /* W' r */
  signed char *sign = malloc(n);
  *residual = INFINITY;   /* memory ran out: not proved */
  *bound = 0;
  if (!combined || !sign) goto done;

  struct rng rng = rng_make(seed);
  double squares = 0;
  for (uint64_t j = 0; j < n; j++) {
    sign[j] = rng_next(&rng) >> 63 ? 1 : -1;
    for (uint64_t g = 0; g < layout.groups; g++) {
      double weight[GROUP], magnitude[GROUP];
      decode_group(&layout, data, j, g, weight, magnitude);
      for (int e = 0; e < group_size(k, g); e++) {
        combined[g * GROUP + e] += sign[j] * weight[e];
        squares += magnitude[e] * magnitude[e];
      }
    }
  }
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
