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

/* Keys and values of one (sequence, KV head), decoded as far as a row of it looks. */
struct panel {
  uint64_t pair, keys;
  double *k, *v;    /* [keys][head] */
};

static void panel_extend(const struct attention_shape *shape, const void *const *data, uint64_t pair, uint64_t visible,
                         struct panel *panel) {
  if (pair != panel->pair) *panel = (struct panel){pair, 0, panel->k, panel->v};
  for (; panel->keys < visible; panel->keys++)
    for (uint64_t c = 0; c < shape->head; c++) {
      panel->k[panel->keys * shape->head + c] = decode(shape, data, TENSOR_K, pair, panel->keys, c);
      panel->v[panel->keys * shape->head + c] = decode(shape, data, TENSOR_V, pair, panel->keys, c);
    }
}

/* One query row: the keys that it attends with their weights, and its sums over them, a column each. */
struct row {
  uint64_t visible;
  double *weight;   /* p_j, summing to 1 */
  double *error;    /* bound of |e_j| */
  double *o, *magnitude, *moved;
};

static void weigh(const struct attention_shape *shape, const float *query, const struct panel *panel, struct row *row) {
  const double scale = 1 / sqrt((double)shape->head);
  double top = -INFINITY, sum = 0;
  for (uint64_t j = 0; j < row->visible; j++) {
    const double *k = panel->k + j * shape->head;
    double dot = 0, magnitude = 0;
    for (uint64_t c = 0; c < shape->head; c++) {
      const double term = query[c] * k[c];
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

/* o, and what its bound is made of, for all columns of the row. */
static void sum_values(const struct attention_shape *shape, const struct panel *panel, struct row *row) {
  for (uint64_t c = 0; c < shape->head; c++) row->o[c] = row->magnitude[c] = row->moved[c] = 0;
  for (uint64_t j = 0; j < row->visible; j++) {
    const double *v = panel->v + j * shape->head, weight = row->weight[j];
    for (uint64_t c = 0; c < shape->head; c++) {
      row->o[c] += weight * v[c];
      row->magnitude[c] += weight * fabs(v[c]);
    }
  }
  for (uint64_t j = 0; j < row->visible; j++) {
    const double *v = panel->v + j * shape->head, moved = row->weight[j] * row->error[j];
    for (uint64_t c = 0; c < shape->head; c++)   /* a weight below the smallest normal number may become 0 */
      row->moved[c] += moved * fabs(v[c] - row->o[c]) + 0x1p-126 * fabs(v[c]);
  }
}

static double row_bound(const struct row *row, uint64_t column) {
  const double n = (double)row->visible, sum_error = TOLERANCE_C * sqrt(n + 1) * UNIT_F32;
  return row->moved[column] +
         tolerance_dot(n, UNIT_F32, row->magnitude[column], sum_error + tolerance_div() + UNIT_F32, row->o[column]);
}

/* Elements are visited row by row, so that each row is summed once in whatever order they are asked for. */
struct visit { uint64_t index; size_t position; };

static int by_index(const void *a, const void *b) {
  const uint64_t x = ((const struct visit *)a)->index, y = ((const struct visit *)b)->index;
  return x < y ? -1 : x > y;
}

static void visit_rows(const struct attention_shape *shape, const void *const *data, const struct visit *visit,
                       size_t n, struct panel *panel, struct row *row, double *value, double *bound) {
  uint64_t current = UINT64_MAX;
  for (size_t i = 0; i < n; i++) {
    const uint64_t index = visit[i].index / shape->head, column = visit[i].index % shape->head;
    if (index != current) {
      row->visible = attention_visible(shape, index % shape->queries);
      panel_extend(shape, data, index / shape->rows, row->visible, panel);
      weigh(shape, (const float *)data[TENSOR_Q] + index * shape->head, panel, row);
      sum_values(shape, panel, row);
      current = index;
    }
    value[visit[i].position] = row->o[column];
    bound[visit[i].position] = row_bound(row, column);
  }
}

void attention_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                         const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  (void)fill;
  const struct attention_shape shape = attention_shape_of(kase, technique->id);
  const size_t panel_size = shape.keys * shape.head, row_size = 2 * shape.keys + 3 * shape.head;
  struct visit *visit = malloc((n ? n : 1) * sizeof *visit);
  double *room = malloc((2 * panel_size + row_size) * sizeof *room);
  for (size_t i = 0; i < n; i++) {
    value[i] = NAN;   /* which no output equals: without memory nothing is proved */
    bound[i] = 0;
    if (visit) visit[i] = (struct visit){index[i], i};
  }
  if (visit && room) {
    struct panel panel = {UINT64_MAX, 0, room, room + panel_size};
    double *at = room + 2 * panel_size;
    struct row row = {.weight = at, .error = at + shape.keys, .o = at + 2 * shape.keys,
                      .magnitude = at + 2 * shape.keys + shape.head, .moved = at + 2 * shape.keys + 2 * shape.head};
    qsort(visit, n, sizeof *visit, by_index);
    visit_rows(&shape, data, visit, n, &panel, &row, value, bound);
  }
  free(visit);
  free(room);
}
