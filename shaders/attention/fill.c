/* Test data of attention: what streams in inference, and what breaks kernels. */
#include "attention_shape.h"

#include <math.h>
#include <string.h>

#include "fp16.h"
#include "rng.h"

/* ---- RANDOM: unit normal queries, keys and values */

/* Halves drawn from a table of normals, four from a word: 12 bits each choose one. Drawing each anew would take minutes
 * for a long cache. */
static void fill_halves(uint16_t *out, uint64_t n, struct rng *rng) {
  enum { DRAWS = 4096 };
  uint16_t normal[DRAWS];
  for (size_t i = 0; i < DRAWS; i++) normal[i] = fp16_from_float(rng_normal(rng));
  for (uint64_t i = 0; i < n; i += 4) {   /* rows are multiples of 8 */
    const uint64_t word = rng_next(rng);
    for (unsigned j = 0; j < 4; j++) out[i + j] = normal[(word >> (16 * j)) % DRAWS];
  }
}

/* Scales under which uniform codes, of deviation 74, have a deviation of 0.5 to 1.5: groups differ as those of a real
 * cache. */
static void fill_scales(uint16_t *out, uint64_t bytes, struct rng *rng) {
  for (uint64_t i = 0; i < bytes / sizeof *out; i++) out[i] = fp16_from_float((float)((0.5 + rng_uniform(rng)) / 74));
}

static void fill_random(const struct attention_shape *shape, uint64_t seed, void *const *data) {
  struct rng rng = rng_make(seed);
  float *query = data[TENSOR_Q];
  for (uint64_t i = 0; i < shape->pairs * shape->rows * shape->head; i++) query[i] = rng_normal(&rng);
  for (size_t t = 0; t < 2; t++) {
    if (shape->int8) {
      rng_bytes(&rng, data[TENSOR_K + t], shape->pairs * shape->key_bytes);
      fill_scales(data[TENSOR_K_SCALE + t], shape->pairs * shape->scale_bytes, &rng);
    } else {
      fill_halves(data[TENSOR_K + t], shape->pairs * shape->keys * shape->head, &rng);
    }
  }
}

/* ---- EXACT and EXTREME: patterns that both formats hold exactly, as code * 2^exponent with one exponent per scale
 * group */

struct pattern { int code, exponent; };

/* Key j is the unit vector of dimension j % head, so that a query that is a multiple of a unit vector picks the keys of
 * one residue and weighs the rest by exp(-hundreds) = 0. Scale groups differ, so that a wrong one shows. */
static struct pattern exact_key(const struct attention_shape *shape, uint64_t key, uint64_t column, struct rng *rng) {
  (void)rng;
  const int shift = (int)((key * shape->head + column) / ATTENTION_GROUP % 4);
  return (struct pattern){key % shape->head == column ? 1 << shift : 0, -shift};
}

static struct pattern exact_value(const struct attention_shape *shape, uint64_t key, uint64_t column, struct rng *rng) {
  const int shift = (int)((key * shape->head + column) / ATTENTION_GROUP % 3), value = (int)rng_below(rng, 17) - 8;
  return (struct pattern){value * (1 << shift), -shift};
}

static void exact_query(const struct attention_shape *shape, uint64_t row, uint64_t seed, float *out) {
  (void)seed;
  if (row % 4 != 3) out[row * 7 % shape->head] = 4096;   /* else constant scores: the plain mean */
}

/* First half: +-1 by turns, with a sink of twice that at key 0. Second half: a ramp from 0 to 1, on which the running
 * maximum rises with every block. */
static struct pattern extreme_key(const struct attention_shape *shape, uint64_t key, uint64_t column, struct rng *rng) {
  (void)rng;
  if (column >= shape->head / 2) return (struct pattern){(int)(64 * (key + 1) / shape->keys), -6};
  return (struct pattern){key == 0 ? 127 : key % 2 ? 64 : -64, -6};
}

/* One huge row among small ones; a column in 16 is otherwise zero. */
static struct pattern extreme_value(const struct attention_shape *shape, uint64_t key, uint64_t column,
                                    struct rng *rng) {
  (void)shape, (void)rng;
  if (key % 13 == 5) return (struct pattern){127, 3};
  return (struct pattern){column % 16 ? (int)((key * 31 + column * 7) % 255) - 127 : 0, -7};
}

/* Scores of up to +-80, and twice that at the sink: constant signs, ramps up and down, one hot, and zeros. */
static void extreme_query(const struct attention_shape *shape, uint64_t row, uint64_t seed, float *out) {
  const uint64_t kind = (row + seed) % 6, half = shape->head / 2;
  const float root = sqrtf((float)shape->head), all = 80 * root / (float)half;
  if (kind == 4) out[row % shape->head] = 80 * root;
  for (uint64_t c = 0; kind < 4 && c < half; c++) out[c + (kind < 2 ? 0 : half)] = kind % 2 ? -all : all;
}

static void store(const struct attention_shape *shape,
                  struct pattern (*pattern)(const struct attention_shape *, uint64_t key, uint64_t column,
                                            struct rng *),
                  struct rng *rng, void *codes, uint16_t *scales) {
  if (shape->int8) memset(scales, 0, shape->pairs * shape->scale_bytes);   /* what pads a pair to 16 bytes */
  for (uint64_t pair = 0; pair < shape->pairs; pair++)
    for (uint64_t i = 0; i < shape->keys * shape->head; i++) {
      const struct pattern p = pattern(shape, i / shape->head, i % shape->head, rng);
      const uint64_t at = pair * shape->keys * shape->head + i;
      if (shape->int8) {
        ((int8_t *)codes)[at] = (int8_t)p.code;
        scales[pair * shape->scale_bytes / 2 + i / ATTENTION_GROUP] = fp16_from_float(ldexpf(1, p.exponent));
      } else {
        ((uint16_t *)codes)[at] = fp16_from_float(ldexpf((float)p.code, p.exponent));
      }
    }
}

void attention_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
                    void *const *data) {
  const struct attention_shape shape = attention_shape_of(kase, technique->id);
  if (fill == FILL_RANDOM) {
    fill_random(&shape, seed, data);
    return;
  }
  const bool exact = fill == FILL_EXACT;
  struct rng rng = rng_make(seed);
  memset(data[TENSOR_Q], 0, shape.pairs * shape.query_bytes);
  for (uint64_t row = 0; row < shape.pairs * shape.rows; row++)
    (exact ? exact_query : extreme_query)(&shape, row, seed, (float *)data[TENSOR_Q] + row * shape.head);
  store(&shape, exact ? exact_key : extreme_key, &rng, data[TENSOR_K], shape.int8 ? data[TENSOR_K_SCALE] : NULL);
  store(&shape, exact ? exact_value : extreme_value, &rng, data[TENSOR_V], shape.int8 ? data[TENSOR_V_SCALE] : NULL);
}
