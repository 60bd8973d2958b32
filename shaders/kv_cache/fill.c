/* Test data of this room. Groups of 32 differ in magnitude by powers of two, so that a neighbour's scale shows.
 * EXACT: quarter turns of small integers, which f16 holds; int8 is judged against its codes all the same. EXTREME:
 * zeros, alternating signs at the top of f16 (a turn makes it up to 1.42 times as large), subnormal, one huge among
 * small. */
#include "kv_shape.h"

#include <math.h>
#include <string.h>

#include "rng.h"
#include "rope.h"

/* The base of the angles: Llama 3's. */
static const double theta = 500000;

static float element(enum fill fill, uint64_t group, uint64_t within, uint64_t chosen, struct rng *rng) {
  switch (fill) {
    case FILL_EXACT: {
      const int code = within == chosen ? 127 : (int)rng_below(rng, 255) - 127;
      return ldexpf((float)code, -(int)(group % 4));
    }
    case FILL_EXTREME:
      switch (group % 5) {
        case 0: return within % 2 ? -30000.0f : 30000.0f;
        case 1: return 0;
        case 2: return within == chosen ? 1000.0f : within % 2 ? -1.0f : 1.0f;
        case 3: return within % 2 ? -0x1p-20f : 0x1p-20f;
        default: return within == chosen ? 0x1p-9f : 0x1p-12f;
      }
    default: return ldexpf(rng_normal(rng), (int)(group % 3) - 1);
  }
}

static void fill_x(const struct kv_shape *shape, enum fill fill, uint64_t seed, float *x) {
  struct rng rng = rng_make(rng_derive(seed, KV_X));
  uint64_t chosen = 0;
  for (uint64_t i = 0; i < shape->elements; i++) {
    if (i % KV_CACHE_GROUP == 0) chosen = rng_below(&rng, KV_CACHE_GROUP);
    x[i] = element(fill, i / KV_CACHE_GROUP, i % KV_CACHE_GROUP, chosen, &rng);
  }
}

static void fill_angles(const struct kv_shape *shape, enum fill fill, float *out) {
  static const float turn[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  for (uint64_t token = 0; token < shape->tokens; token++, out += shape->head) {
    rope_angles(out, shape->position + token % shape->rows, shape->head, theta);
    for (uint64_t i = 0; fill == FILL_EXACT && i < shape->head / 2; i++)
      memcpy(out + 2 * i, turn[(token + i) % 4], sizeof turn[0]);
  }
}

void kv_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
             void *const *data) {
  const struct kv_shape shape = kv_shape_of(kase, technique->id);
  fill_x(&shape, fill, seed, data[KV_X]);
  if (shape.rope) fill_angles(&shape, fill, data[KV_ANGLES]);
}
