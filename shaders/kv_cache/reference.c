/* What the cache must hold, in double precision, and how far a correct kernel may be from it.
 *
 * f16: one of the two halves on either side of the element (Vulkan leaves the direction of rounding open): less than
 * one ULP, and the error of the turn before it.
 *
 * int8: the code must be the nearest, q = round(y / d) with d = max |y| / 127. The kernel's y / d is off by `delta`
 * (errors of y and of the largest y, two divisions, a product), so that within delta of a tie both neighbours are
 * right, half a step from y, and only one elsewhere. What is compared is code times scale; the scale is stored as f16,
 * right to one ULP of it, which moves an element by |q| ULP. Scales are compared too, each for itself. */
#include "kv_shape.h"

#include <math.h>
#include <string.h>

#include "fp16.h"
#include "tolerance.h"

static const double u = UNIT_F32;

/* ---- what the bytes of the output say */

/* A stored element's place: its (sequence, KV head), its position in the cache, its element of the head. */
struct place { uint64_t pair, position, column; };

static struct place place_of(const struct kv_shape *shape, uint64_t index) {
  const uint64_t line = index / shape->head, token = line / shape->kv_heads;
  return (struct place){
    .pair = token / shape->rows * shape->kv_heads + line % shape->kv_heads,
    .position = shape->position + token % shape->rows,
    .column = index % shape->head,
  };
}

static double half_at(const unsigned char *at) { return fp16_to_float((uint16_t)(at[0] | at[1] << 8)); }

static double stored_scale(const struct kv_shape *shape, const unsigned char *output, const struct place *place) {
  const uint64_t group = (place->position * shape->head + place->column) / KV_CACHE_GROUP;
  return half_at(output + shape->codes_bytes + place->pair * shape->scale_bytes + 2 * group);
}

static double stored_element(const struct kv_shape *shape, const unsigned char *output, const struct place *place) {
  const unsigned char *row = output + place->pair * shape->pair_bytes + place->position * shape->row_bytes;
  if (!shape->int8) return half_at(row + 2 * place->column);
  return (signed char)row[place->column] * stored_scale(shape, output, place);
}

/* Words of [begin, end) that a run wrote, leaving out the new rows: bytes [first, last) of every run of `stride`
 * bytes. */
static uint64_t strays(const unsigned char *output, uint64_t begin, uint64_t end, uint64_t stride, uint64_t first,
                       uint64_t last) {
  uint64_t n = 0;
  for (uint64_t at = begin; at < end; at += 4) {
    const uint64_t within = (at - begin) % stride;
    uint32_t word;
    memcpy(&word, output + at, sizeof word);
    n += word != KERNEL_POISON && !(within >= first && within < last);
  }
  return n;
}

uint64_t kv_values(const struct kernel_case *kase, const struct technique *technique) {
  const struct kv_shape shape = kv_shape_of(kase, technique->id);
  return shape.elements + shape.groups + 1;
}

void kv_decode(const struct kernel_case *kase, const struct technique *technique, const void *output, float *value) {
  const struct kv_shape shape = kv_shape_of(kase, technique->id);
  const uint64_t end = shape.position + shape.rows, scale_row = shape.head / KV_CACHE_GROUP * 2;
  for (uint64_t i = 0; i < shape.elements; i++) {
    const struct place place = place_of(&shape, i);
    value[i] = (float)stored_element(&shape, output, &place);
  }
  for (uint64_t g = 0; g < shape.groups; g++) {
    const struct place place = place_of(&shape, g * KV_CACHE_GROUP);
    value[shape.elements + g] = (float)stored_scale(&shape, output, &place);
  }
  uint64_t stray =
    strays(output, 0, shape.codes_bytes, shape.pair_bytes, shape.position * shape.row_bytes, end * shape.row_bytes);
  if (shape.int8)
    stray += strays(output, shape.codes_bytes, shape.codes_bytes + shape.pairs * shape.scale_bytes, shape.scale_bytes,
                    shape.position * scale_row, end * scale_row);
  value[shape.elements + shape.groups] = (float)stray;
}

/* ---- what they should say */

struct judged { double value, bound; };

/* Element `index` of x, turned; the bound is that of a product or two and their sum. */
static struct judged turned(const struct kv_shape *shape, const void *const *data, bool exact, uint64_t index) {
  const float *x = (const float *)data[KV_X] + index;
  if (!shape->rope) return (struct judged){*x, 0};
  const uint64_t token = index / (shape->kv_heads * shape->head), within = index % shape->head, half = shape->head / 2;
  const bool pairs = shape->rope == KV_PAIRS, second = pairs ? within % 2 : within >= half;
  const int64_t partner = (second ? -1 : 1) * (pairs ? 1 : (int64_t)half);
  const float *angle = (const float *)data[KV_ANGLES] + token * shape->head + 2 * (pairs ? within / 2 : within % half);
  const double own = (double)x[0] * angle[0], other = (double)x[partner] * angle[1] * (second ? 1 : -1);
  struct judged y = {.value = own + other};
  y.bound = exact ? 0 : tolerance_dot(2, u, fabs(own) + fabs(other), 2 * u, y.value);
  return y;
}

/* From |x| to the next half; the whole of |x| where it is subnormal as a half and may be flushed. */
static double half_ulp(double x) {
  const double magnitude = fabs(x);
  if (magnitude < 0x1p-14) return fmax(magnitude, 0x1p-24);
  int exponent;
  frexp(magnitude, &exponent); /* magnitude = [1/2, 1) 2^exponent */
  return ldexp(1, exponent - 11);
}

static struct judged half_element(struct judged y) {
  const bool held =
    fp16_to_float(fp16_from_float((float)y.value)) == y.value && y.bound == 0 && !(fabs(y.value) < 0x1p-14);
  return (struct judged){y.value, held || y.value == 0 ? y.bound : y.bound + half_ulp(y.value)};
}

/* d of the group that begins at `index`: as it is before it is stored, with its relative error. */
struct scale { double d, error; };

static struct scale scale_of(const struct kv_shape *shape, const void *const *data, bool exact, uint64_t index) {
  double top = 0, error = 0;
  for (uint64_t i = 0; i < KV_CACHE_GROUP; i++) {
    const struct judged y = turned(shape, data, exact, index + i);
    top = fmax(top, fabs(y.value));
    error = fmax(error, y.bound);
  }
  return (struct scale){top / 127, (top > 0 ? error / top : 0) + tolerance_div()};
}

static struct judged scale_element(struct scale scale) {
  return (struct judged){fp16_to_float(fp16_from_float((float)scale.d)), scale.d > 0 ? half_ulp(scale.d) : 0};
}

static struct judged code_element(struct judged y, struct scale scale) {
  if (scale.d == 0) return (struct judged){0, 0};
  const struct judged stored = scale_element(scale);
  const double code = y.value / scale.d, nearest = nearbyint(code);
  const double delta = fabs(code) * (scale.error + tolerance_div() + 3 * u) + y.bound / scale.d;
  if (0.5 - fabs(code - nearest) > delta) return (struct judged){nearest * stored.value, fabs(nearest) * stored.bound};
  const double half_step = (0.5 + delta) * (stored.value + stored.bound);
  return (struct judged){code * stored.value, half_step + (fabs(code) + 1) * stored.bound};
}

void kv_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                  const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  const struct kv_shape shape = kv_shape_of(kase, technique->id);
  const bool exact = fill == FILL_EXACT;
  for (size_t i = 0; i < n; i++) {
    struct judged y = {0, 0}; /* the last value: no stray word */
    if (index[i] < shape.elements) {
      y = turned(&shape, data, exact, index[i]);
      y = shape.int8 ? code_element(y, scale_of(&shape, data, exact, index[i] / KV_CACHE_GROUP * KV_CACHE_GROUP))
                     : half_element(y);
    } else if (index[i] < shape.elements + shape.groups) {
      y = scale_element(scale_of(&shape, data, exact, (index[i] - shape.elements) * KV_CACHE_GROUP));
    }
    value[i] = y.value;
    bound[i] = y.bound;
  }
}
