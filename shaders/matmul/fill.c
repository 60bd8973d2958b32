#include "layout.h"
#include "operands.h"
#include "rng.h"
#include "room.h"

void fill_matmul(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
                 void *const *data) {
  uint64_t m = (uint64_t)kase->dim[0], n = (uint64_t)kase->dim[1], k = (uint64_t)kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), k);
  struct rng x_rng = rng_make(rng_derive(seed, MATMUL_X)), w_rng = rng_make(rng_derive(seed, MATMUL_W));
  operands_fill_x(&x_rng, &layout, fill, m, k, data[MATMUL_X]);
  operands_fill_w(&w_rng, &layout, fill, n, 1, data[MATMUL_W], layout.scale_row ? data[MATMUL_SCALES] : NULL);
}
