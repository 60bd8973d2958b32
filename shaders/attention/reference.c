/* Attention in double precision from the stored bytes, and how far a correct kernel may be from it.
 *
 * A kernel computes weights p_j (1 + e_j) instead of p_j = softmax(s)_j, with to first order
 *   |e_j| <= error of the score s_j (a dot product, scaled)
 *          + rounding of s_j - max and exp's (3 + 2 |s_j - max|) ULP
 *          + one more exp and product for each time the running maximum rose after key j.
 * The maximum that is subtracted is common to all keys and cancels, as does what all e_j share: the output moves by
 * sum_j p_j e_j (v_j - o), at most sum_j p_j |e_j| |v_j - o|. To that come the rounding of both sums and of the
 * division. The differences s_j - max along the rising maximum all have one sign and add up to the last, so exp's 2 |x|
 * terms do too.
 *
 * No element is compared with ==: Vulkan promises neither exp(0) = 1 nor x / 1 = x, so even uniform weights over small
 * integers are only right to within a few ULP. */
#include "attention_shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tolerance.h"

/* Blocks of flash have at least as many keys as the smallest workgroup (attention.c, tunables): more often than once
 * per block the running maximum does not rise. */
enum { SMALLEST_BLOCK = 32 };

static double decode_half(uint16_t half) {
  const double sign = half & 0x8000 ? -1 : 1;
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * mantissa * 0x1p-24;
  const uint64_t bits = (uint64_t)(exponent - 15 + 1023) << 52 | (uint64_t)mantissa << 42;
  double value;
  memcpy(&value, &bits, sizeof value);
  return sign * value;
}

/* Element of the keys (tensor TENSOR_K) or values (TENSOR_V). */
static double decode(const struct attention_shape *shape, const void *const *data, size_t tensor, uint64_t pair,
                     uint64_t key, uint64_t column) {
  const uint64_t within = key * shape->head + column, at = pair * shape->keys * shape->head + within;
  if (!shape->int8) return decode_half(((const uint16_t *)data[tensor])[at]);
  const uint16_t *scale = (const uint16_t *)data[tensor + (TENSOR_K_SCALE - TENSOR_K)] + pair * shape->scale_bytes / 2;
  return decode_half(scale[within / ATTENTION_GROUP]) * ((const int8_t *)data[tensor])[at];
}

/* The keys that one query row attends, with their weights. */
struct row {
  uint64_t pair, visible;
  double *weight;   /* p_j, summing to 1 */
  double *error;    /* bound of |e_j| */
};

static void weigh(const struct attention_shape *shape, const void *const *data, uint64_t index, struct row *row) {
  const float *query = (const float *)data[TENSOR_Q] + index * shape->head;
  const double scale = 1 / sqrt((double)shape->head);
  row->pair = index / shape->rows;
  row->visible = attention_visible(shape, index % shape->queries);

  double top = -INFINITY, sum = 0;
  for (uint64_t j = 0; j < row->visible; j++) {
    double dot = 0, magnitude = 0;
    for (uint64_t c = 0; c < shape->head; c++) {
      const double term = query[c] * decode(shape, data, TENSOR_K, row->pair, j, c);
      dot += term;
      magnitude += fabs(term);
    }
    row->weight[j] = dot * scale;
    /* the scale itself is rounded, and the product with it */
    row->error[j] = tolerance_dot((double)shape->head, UNIT_F32, magnitude * scale, 2 * UNIT_F32, dot * scale);
    top = fmax(top, dot * scale);
  }
  const double blocks = ceil((double)row->visible / SMALLEST_BLOCK);
  const double rises = fmin(blocks, TOLERANCE_C * sqrt(blocks)) * (tolerance_exp(0) + UNIT_F32);
  for (uint64_t j = 0; j < row->visible; j++) {
    const double below = row->weight[j] - top;
    row->error[j] = expm1(row->error[j] + UNIT_F32 * fabs(below) + tolerance_exp(below) + rises);
    row->weight[j] = exp(below);
    sum += row->weight[j];
  }
  for (uint64_t j = 0; j < row->visible; j++) row->weight[j] /= sum;
}

static void element(const struct attention_shape *shape, const void *const *data, const struct row *row,
                    uint64_t column, double *value, double *bound) {
  double o = 0, magnitude = 0, moved = 0;
  for (uint64_t j = 0; j < row->visible; j++) {
    const double v = decode(shape, data, TENSOR_V, row->pair, j, column);
    o += row->weight[j] * v;
    magnitude += row->weight[j] * fabs(v);
  }
  for (uint64_t j = 0; j < row->visible; j++) {
    const double v = decode(shape, data, TENSOR_V, row->pair, j, column);
    const double flushed = 0x1p-126 * fabs(v);   /* a weight below the smallest normal number may become 0 */
    moved += row->weight[j] * row->error[j] * fabs(v - o) + flushed;
  }
  const double n = (double)row->visible;
  const double sum_error = TOLERANCE_C * sqrt(n + 1) * UNIT_F32;
  *value = o;
  *bound = moved + tolerance_dot(n, UNIT_F32, magnitude, sum_error + tolerance_div() + UNIT_F32, o);
}

/* Elements are visited row by row, so that each row is weighed once in whatever order they are asked for. */
struct visit { uint64_t index; size_t position; };

static int by_index(const void *a, const void *b) {
  const uint64_t x = ((const struct visit *)a)->index, y = ((const struct visit *)b)->index;
  return x < y ? -1 : x > y;
}

void attention_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                         const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  (void)fill;
  const struct attention_shape shape = attention_shape_of(kase, technique->id);
  struct visit *visit = malloc((n ? n : 1) * sizeof *visit);
  struct row row = {.weight = malloc(shape.keys * sizeof(double)), .error = malloc(shape.keys * sizeof(double))};
  for (size_t i = 0; i < n; i++) {
    value[i] = NAN;   /* which no output equals: without memory nothing is proved */
    bound[i] = 0;
    if (visit) visit[i] = (struct visit){index[i], i};
  }
  if (visit && row.weight && row.error) {
    qsort(visit, n, sizeof *visit, by_index);
    uint64_t weighed = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
      if (visit[i].index / shape.head != weighed) weigh(&shape, data, weighed = visit[i].index / shape.head, &row);
      element(&shape, data, &row, visit[i].index % shape.head, &value[visit[i].position], &bound[visit[i].position]);
    }
  }
  free(visit);
  free(row.weight);
  free(row.error);
}
