/* The experts' products in double precision, from the stored bytes and the routing that is given. */
#include <math.h>

#include "decode.h"
#include "room.h"
#include "tolerance.h"

struct product { double value, magnitude; };

/* Row `row` of the slot's expert times the slot's row of x. */
static struct product multiply(const struct moe_shape *shape, const void *const *data, uint64_t slot, uint64_t row) {
  const float *routing = data[MOE_ROUTING];
  uint64_t expert = (uint64_t)routing[2 * slot], x_row = shape->down ? slot : slot / shape->topk;
  const float *x = (const float *)((const char *)data[MOE_X] + x_row * shape->layout.x_row);
  const char *w = (const char *)data[MOE_W] + expert * shape->expert_bytes;
  const char *scales = data[MOE_SCALES];   /* not looked at for formats without */
  if (shape->layout.scale_row) scales += expert * shape->expert_scale_bytes;
  struct product sum = {0, 0};
  for (uint64_t g = 0; g < shape->layout.groups; g++) {
    double weight[WEIGHTS_GROUP], magnitude[WEIGHTS_GROUP];
    decode_group(&shape->layout, w, scales, row, g, weight, magnitude);
    for (int e = 0; e < decode_count(shape->k, g); e++) {
      sum.value += weight[e] * (double)x[g * WEIGHTS_GROUP + e];
      sum.magnitude += magnitude[e] * fabs((double)x[g * WEIGHTS_GROUP + e]);
    }
  }
  return sum;
}

/* A sum over k, then for `down` one over the slots with another product: no chain of roundings is longer than
 * k + topk + 1. */
void moe_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                   const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  struct moe_shape shape = moe_shape_of(kase, technique);
  const float *routing = data[MOE_ROUTING];
  for (size_t i = 0; i < n; i++) {
    uint64_t at = index[i] / shape.n, row = index[i] % shape.n;   /* at: a slot, for `down` a token */
    struct product sum = {0, 0};
    if (!shape.down) sum = multiply(&shape, data, at, row);
    for (uint64_t j = 0; shape.down && j < shape.topk; j++) {
      struct product slot = multiply(&shape, data, at * shape.topk + j, row);
      double weight = (double)routing[2 * (at * shape.topk + j) + 1];
      sum.value += weight * slot.value;
      sum.magnitude += fabs(weight) * slot.magnitude;
    }
    double terms = (double)shape.k + (shape.down ? (double)shape.topk + 1 : 0);
    value[i] = sum.value;
    bound[i] = fill == FILL_EXACT ? 0 : tolerance_dot(terms, UNIT_F32, sum.magnitude, UNIT_F32, sum.value);
  }
}
