#include "broken.h"

const struct broken broken_matmul[] = {
  {"matmul.f32.gemv", "broken/matmul_tail.f32", "the tail of n is skipped"},
  {"matmul.f32.gemv", "broken/matmul_off_by_one.f32", "x is read one element late"},
  {"matmul.f32.gemv", "broken/matmul_drops_one_k.f32", "one element of k is left out"},
  {"matmul.f32.gemv", "broken/matmul_nan.f32", "the last row is NaN"},
  {"matmul.f32.gemv", "broken/matmul_transposed.f32", "y is stored transposed"},
  {"matmul.f32.gemv", "broken/matmul_writes_before.f32", "writes before the output"},
  {"matmul.f32.gemv", "broken/matmul_writes_after.f32", "writes after the output"},
  {"matmul.int8_g32.gemv", "broken/matmul_wrong_scale.int8_g32", "the scale of another group"},
};
const size_t n_broken_matmul = sizeof broken_matmul / sizeof broken_matmul[0];

const struct broken right_matmul[] = {
  {"matmul.f32.gemv", "broken/matmul_right.f32", "nothing"},
};
const size_t n_right_matmul = sizeof right_matmul / sizeof right_matmul[0];
