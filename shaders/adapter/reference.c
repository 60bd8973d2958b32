/* y in double precision: matmul's reference for the base, and the adapter's two products over the stored halves.
 *
 * A kernel has v_r = s A_r x wrong by at most e_r: a dot product over k and one more rounding for s. It then adds B v
 * to the base, apart from it or as further terms of the same sum, which is the worse: every term of either, with
 * magnitudes |W| |x| and |B| |v|, then goes through the roundings of a sum over k + rank. The base's own bound, made
 * for k, grows by the ratio of the roots:
 *   |error of y| <= sqrt((k + rank + 1) / (k + 1)) base's bound + sum |B_r| e_r + tolerance of k + rank terms
 * DoRA multiplies by a factor: all of it scales, and one more rounding. */
#include <math.h>
#include <stdlib.h>

#include "adapter_shape.h"
#include "fp16.h"
#include "tolerance.h"

/* v of one row of x, and how far a kernel's may be from it. */
struct shrunk { uint64_t row; double *value, *bound; };

static void shrink(const struct adapter_shape *shape, const void *const *data, uint64_t row, struct shrunk *v) {
  const float *x = (const float *)((const char *)data[TENSOR_X] + row * shape->x_row);
  uint32_t adapter = ((const uint32_t *)data[shape->ids])[row];
  double scale = ((const float *)data[shape->scale])[adapter];
  for (uint64_t r = 0; r < shape->rank; r++) {
    const uint16_t *a = (const uint16_t *)data[shape->a] + (adapter * shape->rank + r) * (shape->a_row / sizeof *a);
    double sum = 0, absolute = 0;
    for (uint64_t i = 0; i < shape->k; i++) {
      double term = (double)fp16_to_float(a[i]) * (double)x[i];
      sum += term;
      absolute += fabs(term);
    }
    v->value[r] = scale * sum;
    v->bound[r] = tolerance_dot((double)shape->k, UNIT_F32, fabs(scale) * absolute, 2 * UNIT_F32, scale * sum);
  }
  v->row = row;
}

static void add_adapter(const struct adapter_shape *shape, const void *const *data, bool exact, uint64_t index,
                        const struct shrunk *v, double *value, double *bound) {
  uint64_t column = index % shape->n, adapter = ((const uint32_t *)data[shape->ids])[v->row];
  const uint16_t *b = (const uint16_t *)data[shape->b] + (adapter * shape->n + column) * (shape->b_row / sizeof *b);
  double sum = 0, absolute = 0, carried = 0;
  for (uint64_t r = 0; r < shape->rank; r++) {
    double weight = fp16_to_float(b[r]);
    sum += weight * v->value[r];
    absolute += fabs(weight * v->value[r]);
    carried += fabs(weight) * v->bound[r];
  }
  double factor = shape->factor ? (double)((const float *)data[shape->factor])[adapter * shape->n + column] : 1;
  *value = factor * (*value + sum);
  if (exact) return;
  double terms = (double)(shape->k + shape->rank), longer = sqrt((terms + 1) / (double)(shape->k + 1));
  *bound = fabs(factor) * (longer * *bound + carried + tolerance_dot(terms, UNIT_F32, absolute, UNIT_F32, sum)) +
           tolerance_dot(1, UNIT_F32, 0, 2 * UNIT_F32, *value);   /* of adding the two, and of the product */
}

void adapter_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                       const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  struct adapter_shape shape;
  struct error ignored = {0};
  bool sensible = adapter_shape_of(kase, technique->id, &shape, &ignored);
  double *room = sensible ? malloc(2 * shape.rank * sizeof *room) : NULL;
  if (!room) {
    for (size_t i = 0; i < n; i++) value[i] = NAN;   /* which no output equals: without memory nothing is proved */
    return;
  }
  shape.base.family->reference(&shape.base, shape.format, fill, data, index, n, value, bound);
  struct shrunk v = {UINT64_MAX, room, room + shape.rank};
  for (size_t i = 0; i < n; i++) {
    if (index[i] / shape.n != v.row) shrink(&shape, data, index[i] / shape.n, &v);
    add_adapter(&shape, data, fill == FILL_EXACT, index[i], &v, &value[i], &bound[i]);
  }
  free(room);
}
