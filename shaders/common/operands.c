#include "operands.h"

#include <string.h>

#include "fp16.h"

enum { HALVES = 4096 };   /* distinct values of random halves: drawn by 12 bits each, four from a word */

static const int code_min[LAYOUT_FORMATS] = {-127, -127, -128, -8, 0};
static const int code_max[LAYOUT_FORMATS] = {127, 127, 127, 7, 15};

/* Weights of a trained network have a deviation of about 0.02; the mean step d of a format follows from it and
 * the deviation of uniform codes. */
static const float weight_deviation = 0.02f;
static const float mean_step[LAYOUT_FORMATS] = {0, 0, 0.02f / 73.9f, 0.02f / 4.61f, 0.02f / 4.61f};

/* The sum of four uniform 16-bit numbers (Irwin-Hall), one word a number. */
float operands_normal(struct rng *rng) {
  uint64_t word = rng_next(rng);
  uint64_t pairs = (word & 0x0000ffff0000ffff) + (word >> 16 & 0x0000ffff0000ffff);
  int32_t sum = (int32_t)((pairs >> 32) + (pairs & 0xffffffff)) - 2 * 65535;
  return (float)sum * (1.7320508f / 65536);
}

static void random_floats(struct rng *rng, float *out, uint64_t n, float deviation) {
  for (uint64_t i = 0; i < n; i++) out[i] = operands_normal(rng) * deviation;
}

/* bytes: a multiple of 2. */
static void random_halves(struct rng *rng, const uint16_t *table, void *out, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += 8) {
    uint64_t word = rng_next(rng);
    uint16_t four[4] = {table[word & 0xfff], table[word >> 16 & 0xfff], table[word >> 32 & 0xfff],
                        table[word >> 48 & 0xfff]};
    memcpy((char *)out + at, four, bytes - at < 8 ? bytes - at : 8);
  }
}

static void fill_random_weights(struct rng *rng, const struct layout *layout, uint64_t n, void *w, void *scales) {
  uint16_t table[HALVES];
  if (layout->format == LAYOUT_F32) {
    random_floats(rng, w, n * layout->w_row / sizeof(float), weight_deviation);
    return;
  }
  if (layout->format == LAYOUT_F16) {
    for (int i = 0; i < HALVES; i++) table[i] = fp16_from_float(operands_normal(rng) * weight_deviation);
    random_halves(rng, table, w, n * layout->w_row);
    return;
  }
  rng_bytes(rng, w, n * layout->w_row);
  float step = mean_step[layout->format];
  if (layout->format != LAYOUT_INT4Z_G32) {
    for (int i = 0; i < HALVES; i++) table[i] = fp16_from_float(step * (float)(0.5 + rng_uniform(rng)));
    random_halves(rng, table, scales, layout_scale_bytes(layout, n));
    return;
  }
  uint16_t (*pair)[2] = scales;
  for (uint64_t i = 0; i < n * layout->groups; i++) {
    float d = step * (float)(0.5 + rng_uniform(rng));
    pair[i][0] = fp16_from_float(d);
    pair[i][1] = fp16_from_float(-d * (float)(6 + 4 * rng_uniform(rng)));
  }
}

/* Stores element e of a group of 32; f32 and f16 take the number itself. */
static void store_code(enum layout_format format, void *group, int e, int code, float unit) {
  unsigned char *byte = group;
  switch (format) {
    case LAYOUT_F32: ((float *)group)[e] = (float)code * unit; return;
    case LAYOUT_F16: ((uint16_t *)group)[e] = fp16_from_float((float)code * unit); return;
    case LAYOUT_INT8_G32: ((int8_t *)group)[e] = (int8_t)code; return;
    case LAYOUT_INT4_G32: code += 8; break;
    case LAYOUT_INT4Z_G32: case LAYOUT_FORMATS: break;
  }
  byte[e % 16] = (unsigned char)(e < 16 ? (byte[e % 16] & 0xf0) | code : (byte[e % 16] & 0x0f) | code << 4);
}

static void store_scale(const struct layout *layout, void *scales, uint64_t index, float d, float z) {
  uint16_t *half = scales;
  if (layout->format == LAYOUT_INT4Z_G32) {
    half[2 * index] = fp16_from_float(d);
    half[2 * index + 1] = fp16_from_float(z);
  } else if (layout->scale_row) {
    half[index] = fp16_from_float(d);
  }
}

static int between(struct rng *rng, int low, int high) { return low + (int)rng_below(rng, (uint64_t)(high - low + 1)); }

/* |x| <= 3, d in {1/4, 1/2, 1}, |code| and |z| bounded so that K of |x| (|d code| + |z|), counted in quarters, stay
 * within the 24 bits of a float: every partial sum is exact in any order. */
static void fill_exact_weights(struct rng *rng, const struct layout *layout, uint64_t n, double terms, void *w,
                               void *scales) {
  int budget = (int)((1u << 24) / ((double)(layout->groups * WEIGHTS_GROUP) * terms) / (3 * 4 * 2));
  int low = code_min[layout->format] > -budget ? code_min[layout->format] : -budget;
  int high = code_max[layout->format] < budget ? code_max[layout->format] : budget;
  char *group = w;
  for (uint64_t i = 0; i < n * layout->groups; i++, group += layout->w_row / layout->groups) {
    for (int e = 0; e < WEIGHTS_GROUP; e++) store_code(layout->format, group, e, between(rng, low, high), 1);
    store_scale(layout, scales, i, 0.25f * (float)(1 << between(rng, 0, 2)), (float)-between(rng, 0, high));
  }
}

/* Rows of the largest codes, the smallest, both in turn, and zeros; scales from the smallest normal half to the
 * largest. Products stay far below the largest float. */
static void fill_extreme_weights(const struct layout *layout, uint64_t n, void *w, void *scales) {
  static const float steps[3] = {0x1p-14f, 1, 65504};
  int low = code_min[layout->format], high = code_max[layout->format];
  char *group = w;
  for (uint64_t i = 0; i < n * layout->groups; i++, group += layout->w_row / layout->groups) {
    uint64_t row = i / layout->groups;
    for (int e = 0; e < WEIGHTS_GROUP; e++) {
      int code = (int[]){high, low, e % 2 ? low : high, 0}[row % 4];
      store_code(layout->format, group, e, code, row % 8 < 4 ? 512 : 0x1p-14f);
    }
    store_scale(layout, scales, i, steps[i % 3], -8 * steps[(i + row) % 2]);
  }
}

void operands_fill_x(struct rng *rng, const struct layout *layout, enum fill fill, uint64_t rows, uint64_t k,
                     float *x) {
  for (uint64_t row = 0; row < rows; row++, x += layout->x_row / sizeof(float)) {
    uint64_t huge = rng_below(rng, k);
    memset(x + k, 0, layout->x_row - k * sizeof(float));
    if (fill == FILL_RANDOM) random_floats(rng, x, k, 1);
    else if (fill == FILL_EXACT) for (uint64_t i = 0; i < k; i++) x[i] = (float)between(rng, -3, 3);
    else {
      for (uint64_t i = 0; i < k; i++) x[i] = (float[]){i % 2 ? -1 : 1, 0, 1024, i % 2 ? -64 : 64}[row % 4];
      if (row % 4 == 0) x[huge] = 0x1p16f;
    }
  }
}

void operands_fill_w(struct rng *rng, const struct layout *layout, enum fill fill, uint64_t n, double terms, void *w,
                     void *scales) {
  /* The tail after an odd number of scales. */
  if (layout->scale_row) memset((char *)scales + layout_scale_bytes(layout, n) - 4, 0, 4);
  if (fill == FILL_RANDOM) fill_random_weights(rng, layout, n, w, scales);
  else if (fill == FILL_EXACT) fill_exact_weights(rng, layout, n, terms, w, scales);
  else fill_extreme_weights(layout, n, w, scales);
}
