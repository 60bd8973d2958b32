/* Test data: the base's tensors by matmul's own fill, and adapters such that what they add is as large as the base, so
 * that a mistake in either shows. */
#include <math.h>
#include <string.h>

#include "adapter_shape.h"
#include "fp16.h"
#include "rng.h"

/* Every adapter that m rows can name is named, in random order. */
static void fill_ids(struct rng *rng, const struct adapter_shape *shape, uint32_t *ids) {
  for (uint64_t i = 0; i < shape->m; i++) ids[i] = (uint32_t)(i % shape->adapters);
  for (uint64_t i = shape->m - 1; i > 0; i--) {
    uint64_t j = rng_below(rng, i + 1);
    uint32_t other = ids[j];
    ids[j] = ids[i];
    ids[i] = other;
  }
}

/* All rows but the first have the last adapter: one long segment, the rest empty. */
static void fill_lopsided_ids(const struct adapter_shape *shape, uint32_t *ids) {
  for (uint64_t i = 0; i < shape->m; i++) ids[i] = i ? (uint32_t)shape->adapters - 1 : 0;
}

/* Rows of `used` halves, padded with zeros to row_bytes. */
struct matrix { uint16_t *at; uint64_t rows, used, row; };

static struct matrix a_of(const struct adapter_shape *shape, void *const *data) {
  return (struct matrix){data[shape->a], shape->adapters * shape->rank, shape->k, shape->a_row / sizeof(uint16_t)};
}

static struct matrix b_of(const struct adapter_shape *shape, void *const *data) {
  return (struct matrix){data[shape->b], shape->adapters * shape->n, shape->rank, shape->b_row / sizeof(uint16_t)};
}

static uint64_t factors(const struct adapter_shape *shape) { return shape->factor ? shape->adapters * shape->n : 0; }

/* Halves drawn from a table of normals, four from a word: drawing each anew would take seconds for many adapters. */
static void fill_normal(struct rng *rng, struct matrix to, float deviation) {
  enum { DRAWS = 4096 };
  uint16_t normal[DRAWS];
  for (size_t i = 0; i < DRAWS; i++) normal[i] = fp16_from_float(rng_normal(rng) * deviation);
  for (uint64_t row = 0; row < to.rows; row++, to.at += to.row) {
    memset(to.at + to.used, 0, (to.row - to.used) * sizeof *to.at);
    for (uint64_t i = 0; i < to.used; i += 4) {
      uint64_t word = rng_next(rng);
      for (uint64_t j = 0; j < 4 && i + j < to.used; j++) to.at[i + j] = normal[word >> 16 * j & (DRAWS - 1)];
    }
  }
}

/* A of the deviation that makes A x of a unit normal x unit normal, B and the scale as training leaves them: the
 * deviation of the base's weights (0.02) and alpha / rank of 1 to 3. */
static void fill_random(struct rng *rng, const struct adapter_shape *shape, void *const *data) {
  fill_normal(rng, a_of(shape, data), 1 / sqrtf((float)shape->k));
  fill_normal(rng, b_of(shape, data), 0.02f);
  float *scale = data[shape->scale], *factor = data[shape->factor];
  for (uint64_t i = 0; i < shape->adapters; i++) scale[i] = (float)(1 + 2 * rng_uniform(rng));
  for (uint64_t i = 0; i < factors(shape); i++) factor[i] = (float)(0.5 + rng_uniform(rng));
}

static float sign(struct rng *rng) { return rng_next(rng) >> 63 ? 1 : -1; }

/* Elements of one kind of row: every `stride`-th is +-1, which ones differs from row to row; the others are 0. */
static void fill_signs(struct rng *rng, struct matrix to, uint64_t stride) {
  for (uint64_t row = 0; row < to.rows; row++, to.at += to.row)
    for (uint64_t i = 0; i < to.row; i++)
      to.at[i] = fp16_from_float(i < to.used && (i + row) % stride == 0 ? sign(rng) : 0);
}

/* matmul's exact data has |x| <= 3 and takes, in formats without zero point, half of the 24 bits of a float, counted in
 * quarters. Ours, with scales of 1/2 to 2, adds up to 3 k (rank / stride) 2, of 4 quarters each. */
static void fill_exact(struct rng *rng, const struct adapter_shape *shape, void *const *data) {
  uint64_t most = (1u << 23) / (3 * 2 * 4);
  fill_signs(rng, a_of(shape, data), 1);
  fill_signs(rng, b_of(shape, data), (shape->k * shape->rank + most - 1) / most);
  float *scale = data[shape->scale], *factor = data[shape->factor];
  for (uint64_t i = 0; i < shape->adapters; i++) scale[i] = ldexpf(1, (int)rng_below(rng, 3) - 1);
  for (uint64_t i = 0; i < factors(shape); i++) factor[i] = ldexpf(1, (int)rng_below(rng, 3) - 1);
}

/* Rows of ones, of alternating signs, of the smallest normal halves, of zeros; adapters that are switched off (scale
 * 0), tiny and large. Products stay far below the largest float. */
static void fill_extremes(struct matrix to, float high) {
  for (uint64_t row = 0; row < to.rows; row++, to.at += to.row)
    for (uint64_t i = 0; i < to.row; i++) {
      float value = (float[]){high, i % 2 ? -high : high, 0x1p-14f, 0}[(row + row / 4) % 4];
      to.at[i] = fp16_from_float(i < to.used ? value : 0);
    }
}

static void fill_extreme(const struct adapter_shape *shape, void *const *data) {
  fill_extremes(a_of(shape, data), 1);
  fill_extremes(b_of(shape, data), 512);
  float *scale = data[shape->scale], *factor = data[shape->factor];
  for (uint64_t i = 0; i < shape->adapters; i++) scale[i] = (float[]){16, 0, 0x1p-14f}[(shape->adapters - 1 - i) % 3];
  for (uint64_t i = 0; i < factors(shape); i++) factor[i] = (float[]){1, 1024, 0x1p-10f, 0}[i % 4];
}

void adapter_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
                  void *const *data) {
  struct adapter_shape shape;
  struct error ignored = {0};
  if (!adapter_shape_of(kase, technique->id, &shape, &ignored)) return;   /* refused by `tensors` before */
  shape.base.family->fill(&shape.base, shape.format, fill, seed, data);
  struct rng rng = rng_make(rng_derive(seed, shape.a));
  uint32_t *ids = data[shape.ids];
  for (uint64_t i = shape.m; i < shape.tensors.tensor[shape.ids].bytes / sizeof *ids; i++) ids[i] = ADAPTER_NO_ONE;
  if (fill == FILL_EXTREME) fill_lopsided_ids(&shape, ids);
  else fill_ids(&rng, &shape, ids);
  if (fill == FILL_RANDOM) fill_random(&rng, &shape, data);
  else if (fill == FILL_EXACT) fill_exact(&rng, &shape, data);
  else fill_extreme(&shape, data);
}
