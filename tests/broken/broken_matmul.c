#include "broken.h"

static const struct broken wrong[] = {
  {"matmul.f32.gemv", "broken/matmul_tail.f32", "the tail of n is skipped"},
  {"matmul.f32.gemv", "broken/matmul_off_by_one.f32", "x is read one element late"},
  {"matmul.f32.gemv", "broken/matmul_drops_one_k.f32", "one element of k is left out"},
  {"matmul.f32.gemv", "broken/matmul_nan.f32", "the last row is NaN"},
  {"matmul.f32.gemv", "broken/matmul_transposed.f32", "y is stored transposed"},
  {"matmul.f32.gemv", "broken/matmul_writes_before.f32", "writes before the output"},
  {"matmul.f32.gemv", "broken/matmul_writes_after.f32", "writes after the output"},
  {"matmul.f32.gemv", "broken/matmul_reads_outside.f32", "reads behind x"},
  {"matmul.f32.gemv", "broken/matmul_uninitialised.f32", "adds to what y holds"},
  {"matmul.f32.gemv", "broken/matmul_saturates.f32", "sums stop at 65504"},
  {"matmul.int8_g32.gemv", "broken/matmul_wrong_scale.int8_g32", "the scale of another group"},
  {"matmul.int4_g32.coopmat", "broken/matmul_coopmat_fragment.int4_g32", "the last fragment of k is left out"},
  {"matmul.int4_g32.coopmat", "broken/matmul_coopmat_no_clamp.int4_g32", "operands overflow f16"},
  {"matmul.int4_g32.coopmat", "broken/matmul_coopmat_edge.int4_g32", "the last rows of x are not stored"},
};

static const struct broken right[] = {
  {"matmul.f32.gemv", "broken/matmul_right.f32", "nothing"},
  {"matmul.int4_g32.coopmat", "broken/matmul_coopmat_right.int4_g32", "nothing"},
};

const struct broken_room broken_matmul = {"matmul", wrong, sizeof wrong / sizeof wrong[0], right,
                                          sizeof right / sizeof right[0]};
