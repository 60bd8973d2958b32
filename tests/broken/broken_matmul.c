#include "broken.h"

static const struct broken wrong[] = {
  {"matmul.f32.gemv", "broken/matmul_tail.f32", "the tail of n is skipped"},
  {"matmul.f32.gemv", "broken/matmul_off_by_one.f32", "x is read one element late"},
  {"matmul.f32.gemv", "broken/matmul_drops_one_k.f32", "one element of k is left out"},
  {"matmul.f32.gemv", "broken/matmul_nan.f32", "the last row is NaN"},
  {"matmul.f32.gemv", "broken/matmul_transposed.f32", "y is stored transposed"},
  {"matmul.f32.gemv", "broken/matmul_writes_before.f32", "writes before the output"},
  {"matmul.f32.gemv", "broken/matmul_writes_after.f32", "writes after the output"},
  {"matmul.int8_g32.gemv", "broken/matmul_wrong_scale.int8_g32", "the scale of another group"},
};

static const struct broken right[] = {
  {"matmul.f32.gemv", "broken/matmul_right.f32", "nothing"},
};

const struct broken_room broken_matmul = {"matmul", wrong, sizeof wrong / sizeof wrong[0], right, sizeof right / sizeof right[0]};
