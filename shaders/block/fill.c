/* Test data of this room. EXACT: small integers, powers of two and quarter turns, under which sums, turns and
 * look-ups are exact. RANDOM: what inference sees. EXTREME: zeros, the largest and smallest, alternating signs, one
 * huge among small. */
#include "block_shape.h"

#include <math.h>
#include <string.h>

#include "fp16.h"
#include "rng.h"
#include "rope.h"

/* The base of the angles: Llama 3's. */
static const double theta = 500000;

enum { DRAWS = 4096 }; /* distinct halves of a random table: drawn by 12 bits each, four from a word */

static void fill_angles(const struct block_shape *shape, enum fill fill, float *out) {
  static const float turn[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  for (uint64_t row = 0; row < shape->rows; row++, out += shape->head) {
    rope_angles(out, shape->position + row, shape->head, theta);
    for (uint64_t i = 0; fill == FILL_EXACT && i < shape->head / 2; i++)
      memcpy(out + 2 * i, turn[(row + i) % 4], sizeof turn[0]);
  }
}

/* One element of a row of activations; logits and gates are wider than the rest. */
static float element(const struct block_shape *shape, enum fill fill, uint64_t row, uint64_t column, uint64_t huge,
                     struct rng *rng) {
  static const float constant = 80;
  const float width =
    shape->op == OP_SOFTMAX || shape->op == OP_SWIGLU || shape->op == OP_GEGLU || shape->op == OP_GELU ? 3 : 1;
  switch (fill) {
    case FILL_EXACT: {
      const int magnitude = 1 + (int)rng_below(rng, 8); /* never 0: an element left out must show */
      return (float)(rng_below(rng, 2) ? magnitude : -magnitude);
    }
    case FILL_EXTREME:
      switch (row % 4) {
        case 0: return column == huge ? 20000.0f : column % 2 ? -1.0f : 1.0f;
        case 1: return column % 2 ? -constant : constant;
        case 2: return 0;
        default: return column % 3 ? 0x1p-20f : constant;
      }
    default: return width * rng_normal(rng);
  }
}

static void fill_rows(const struct block_shape *shape, enum fill fill, uint64_t width, struct rng *rng, float *out) {
  for (uint64_t row = 0; row < shape->rows; row++) {
    const uint64_t huge = rng_below(rng, width);
    for (uint64_t column = 0; column < width; column++) *out++ = element(shape, fill, row, column, huge, rng);
  }
}

static void fill_weights(enum fill fill, float around, uint64_t n, struct rng *rng, float *out) {
  for (uint64_t i = 0; i < n; i++)
    out[i] = fill == FILL_RANDOM ? around + 0.1f * rng_normal(rng)
                                 : ldexpf(rng_below(rng, 2) ? 1 : -1, (int)rng_below(rng, 3) - 1);
}

static void fill_tokens(const struct block_shape *shape, enum fill fill, struct rng *rng, uint32_t *out) {
  for (uint64_t row = 0; row < shape->rows; row++)
    out[row] =
      fill == FILL_EXTREME ? (row % 2 ? 0 : (uint32_t)shape->vocab - 1) : (uint32_t)rng_below(rng, shape->vocab);
}

static void fill_table(const struct block_shape *shape, enum fill fill, struct rng *rng, uint16_t *out) {
  static const float extreme[] = {65504, -65504, 0x1p-14f, -0x1p-14f, 0, 1};
  uint16_t draw[DRAWS];
  for (size_t i = 0; i < DRAWS; i++)
    draw[i] = fp16_from_float(fill == FILL_EXACT     ? (float)i - DRAWS / 2
                              : fill == FILL_EXTREME ? extreme[i % 6]
                                                     : 0.02f * rng_normal(rng));
  for (uint64_t i = 0; i < shape->vocab * shape->width; i += 4) { /* widths are multiples of 8 */
    const uint64_t word = rng_next(rng);
    for (unsigned j = 0; j < 4; j++) out[i + j] = draw[(word >> (16 * j)) % DRAWS];
  }
}

void block_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
                void *const *data) {
  const struct block_shape shape = block_shape_of(kase, technique->id);
  for (size_t i = 0; i < shape.n_inputs; i++) {
    struct rng rng = rng_make(rng_derive(seed, i));
    switch (shape.input[i].operand) {
      case OPERAND_ROWS: fill_rows(&shape, fill, shape.width, &rng, data[i]); break;
      case OPERAND_GATED: fill_rows(&shape, fill, 2 * shape.width, &rng, data[i]); break;
      case OPERAND_ANGLES: fill_angles(&shape, fill, data[i]); break;
      case OPERAND_SCALE: fill_weights(fill, 1, shape.width, &rng, data[i]); break;
      case OPERAND_HEAD_SCALE: fill_weights(fill, 1, shape.head, &rng, data[i]); break;
      case OPERAND_SHIFT: fill_weights(fill, 0, shape.width, &rng, data[i]); break;
      case OPERAND_TOKENS: fill_tokens(&shape, fill, &rng, data[i]); break;
      case OPERAND_TABLE: fill_table(&shape, fill, &rng, data[i]); break;
      case OPERAND_NONE: break;
    }
  }
}
