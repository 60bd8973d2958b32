#include <math.h>
#include <string.h>

#include "ceilings.h"
#include "fp16.h"
#include "rng.h"
#include "room.h"
#include "tolerance.h"

/* ---- data */

static void fill_words(enum fill fill, struct rng *rng, uint32_t *words, size_t n) {
  if (fill == FILL_RANDOM) {
    rng_bytes(rng, words, n * sizeof *words);
    return;
  }
  for (size_t i = 0; i < n; i++) words[i] = fill == FILL_EXACT ? (uint32_t)rng_below(rng, 256) : i % 3 ? UINT32_MAX : 0;
}

static void fill_floats(enum fill fill, struct rng *rng, float *out, size_t n) {
  static const float extreme[] = {3.4e38f, -3.4e38f, 1.2e-38f, -0.0f, 1e-42f};
  for (size_t i = 0; i < n; i++)
    switch (fill) {
      case FILL_EXACT: out[i] = (float)((int)rng_below(rng, 1 << 20) - (1 << 19)); break;
      case FILL_EXTREME: out[i] = extreme[i % (sizeof extreme / sizeof extreme[0])]; break;
      default: out[i] = rng_normal(rng);
    }
}

static float as_f16(double x) { return fp16_to_float(fp16_from_float((float)x)); }

/* EXACT counts the steps: x + steps * 1. EXTREME turns the sign in every step. RANDOM shrinks towards a fixed point, so
 * that rounding errors die out however many steps there are. All values are exact in f16 too. */
static void fill_chains(enum fill fill, struct rng *rng, float *start, size_t n, float factors[4]) {
  float factor = 1, term = 1;
  if (fill == FILL_EXTREME) factor = -1;
  if (fill == FILL_RANDOM) {
    factor = as_f16(-0.5 - 0.4 * rng_uniform(rng));
    term = as_f16(0.5 + rng_uniform(rng));
  }
  memcpy(factors, (float[4]){factor, term, 0, 0}, 4 * sizeof *factors);
  for (size_t i = 0; i < n; i++) start[i] = fill == FILL_RANDOM ? as_f16(rng_normal(rng)) : (float)rng_below(rng, 64);
}

/* Factors of a, then of b, in steps of 1/16 and within 1, so that every sum is exact in f32 in any order. EXTREME:
 * sums that swing and come back. */
static void fill_coopmat(enum fill fill, struct rng *rng, float *start, size_t n, float factors[2 * CEILINGS_PERIOD]) {
  for (int i = 0; i < 2 * CEILINGS_PERIOD; i++) {
    int sixteenths = (int)rng_below(rng, 33) - 16;
    factors[i] = (float)sixteenths / 16;
    if (fill == FILL_EXACT) factors[i] = (float)(sixteenths / 8 / 2);
    if (fill == FILL_EXTREME) factors[i] = i < CEILINGS_PERIOD ? i % 2 ? -2048 : 2048 : 1;
  }
  for (size_t i = 0; i < n; i++) start[i] = (float)rng_below(rng, 64) / (fill == FILL_RANDOM ? 16 : 1);
}

void ceiling_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
                  void *const *data) {
  enum ceiling ceiling = ceiling_of(technique->id);
  struct rng rng = rng_make(seed);
  size_t words = (size_t)kase->dim[DIM_BYTES] / 4;
  if (ceiling == CEILING_READ) fill_words(fill, &rng, data[0], words);
  if (ceiling == CEILING_COPY) fill_floats(fill, &rng, data[0], words);
  if (ceiling == CEILING_COOPMAT) fill_coopmat(fill, &rng, data[0], words, data[1]);
  else if (ceiling_computes(ceiling)) fill_chains(fill, &rng, data[0], words, data[1]);
}

/* ---- reference */

static double checksum(const uint32_t *words, uint64_t index) {
  uint64_t tile = index / CEILINGS_TILE, column = index % CEILINGS_TILE;
  const uint32_t *first = words + tile * (CEILINGS_TILE_BYTES / 4) + column * 4;
  uint32_t sum = 0;
  for (size_t row = 0; row < CEILINGS_TILE; row++)
    for (size_t i = 0; i < 4; i++) sum += first[row * CEILINGS_TILE * 4 + i];
  return (sum >> 8) ^ (sum & 255);
}

/* Closed form of `steps` times x = x a + b: x + steps b where a = 1, else f + a^steps (x - f) with the fixed point
 * f = b / (1 - a). Each step multiplies the error made so far by a and adds at most two roundings of the largest value
 * on the way, so with |a| < 1 the sum stays below that divided by 1 - |a|. With |a| = 1 the data are exact. */
static double chain_end(double x, double a, double b, double steps, double u, double *bound) {
  if (a == 1) return x + steps * b;
  double fixed = b / (1 - a), end = fixed + pow(a, steps) * (x - fixed);
  if (fabs(a) < 1) *bound += 2 * u * (fabs(fixed) + fabs(x - fixed)) / (1 - fabs(a));
  return end;
}

static double chains_total(const float *start, const float *factors, double steps, double u, uint64_t index,
                           double *bound) {
  double total = 0, magnitude = 0;
  for (int c = 0; c < CEILINGS_CHAINS; c++) {
    double end = chain_end((double)start[index] + c, factors[0], factors[1], steps, u, bound);
    total += end;
    magnitude += fabs(end);
  }
  if (*bound > 0) *bound += (CEILINGS_CHAINS - 1) * UNIT_F32 * magnitude;   /* Higham 2002, section 4.2 */
  return total;
}

/* The chains are exact; their total may round. */
static double coopmat_total(const float *start, const float *factors, double trips, enum fill fill, uint64_t index,
                            double *bound) {
  double trip = 0, total = 0, magnitude = 0;
  for (int i = 0; i < CEILINGS_PERIOD; i++) trip += (double)factors[i] * (double)factors[CEILINGS_PERIOD + i];
  for (int c = 0; c < CEILINGS_COOPMAT_CHAINS; c++) {
    double end = (double)start[index] + c + trips * trip;
    total += end;
    magnitude += fabs(end);
  }
  /* Higham 2002, section 4.2 */
  *bound = fill == FILL_EXACT ? 0 : (CEILINGS_COOPMAT_CHAINS - 1) * UNIT_F32 * magnitude;
  return total;
}

void ceiling_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                       const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  enum ceiling ceiling = ceiling_of(technique->id);
  double steps = (double)kase->dim[DIM_TRIPS] * CEILINGS_STEPS, u = ceiling == CEILING_FMA_F16 ? UNIT_F16 : UNIT_F32;
  for (size_t i = 0; i < n; i++) {
    bound[i] = 0;
    switch (ceiling) {
      case CEILING_READ: value[i] = checksum(data[0], index[i]); break;
      case CEILING_COPY: value[i] = ((const float *)data[0])[index[i]]; break;
      case CEILING_EMPTY: value[i] = (double)index[i] + 1; break;
      case CEILING_COOPMAT:
        value[i] = coopmat_total(data[0], data[1], (double)kase->dim[DIM_TRIPS], fill, index[i], &bound[i]);
        break;
      default: value[i] = chains_total(data[0], data[1], steps, u, index[i], &bound[i]);
    }
  }
}
