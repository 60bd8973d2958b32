/* The quantisers against numpy and PyPI's gguf (tests/golden/make_quantize_vectors.py), bit by bit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "../golden/quantize_vectors.h"
#include "kernel.h"
#include "layout.h"
#include "quantize.h"
#include "rng.h"

enum { K = 32 * VECTOR_GROUPS };

static void matches_golden(enum layout_format format, const void *codes, size_t code_bytes, const void *scales,
                           size_t scale_bytes) {
  struct layout layout = layout_of(format, K);
  unsigned char w[K * sizeof(float)];
  uint16_t found[2 * VECTOR_GROUPS + 2];
  quantize_matrix(&layout, vector_weights, 1, K, w, found);
  assert_int_equal(layout.w_row, code_bytes);
  assert_int_equal(layout.scale_row, scale_bytes);
  assert_memory_equal(w, codes, code_bytes);
  if (scale_bytes) assert_memory_equal(found, scales, scale_bytes);
}

static void f32_is_kept(void **state) {
  (void)state;
  matches_golden(LAYOUT_F32, vector_weights, sizeof vector_weights, NULL, 0);
}

static void f16_is_numpys(void **state) {
  (void)state;
  matches_golden(LAYOUT_F16, vector_f16, sizeof vector_f16, NULL, 0);
}

static void int8_is_q8_0(void **state) {
  (void)state;
  matches_golden(LAYOUT_INT8_G32, vector_int8_codes, sizeof vector_int8_codes, vector_int8_scales,
                 sizeof vector_int8_scales);
}

static void int4_is_q4_0(void **state) {
  (void)state;
  matches_golden(LAYOUT_INT4_G32, vector_int4_codes, sizeof vector_int4_codes, vector_int4_scales,
                 sizeof vector_int4_scales);
}

static void int4z_is_q4_1(void **state) {
  (void)state;
  matches_golden(LAYOUT_INT4Z_G32, vector_int4z_codes, sizeof vector_int4z_codes, vector_int4z_scales,
                 sizeof vector_int4z_scales);
}

/* Half a step per element, plus the rounding of the f16 step over the whole range of codes. */
static void ragged_rows_come_back_within_half_a_step(void **state) {
  (void)state;
  enum { ROWS = 3, LENGTH = 45 };
  static const double steps[LAYOUT_FORMATS] = {0, 0, 2.0 / 254, 2.0 / 15, 2.0 / 15};
  float in[ROWS * LENGTH], out[ROWS * LENGTH];
  struct rng rng = rng_make(3);
  for (int i = 0; i < ROWS * LENGTH; i++) in[i] = (float)(2 * rng_uniform(&rng) - 1);
  for (int f = 0; f < LAYOUT_FORMATS; f++) {
    struct layout layout = layout_of((enum layout_format)f, LENGTH);
    unsigned char w[ROWS * 64 * sizeof(float)];
    uint16_t scales[ROWS * 2 * 2 + 2];
    quantize_matrix(&layout, in, ROWS, LENGTH, w, scales);
    quantize_decode(&layout, w, scales, ROWS, LENGTH, out);
    for (int i = 0; i < ROWS * LENGTH; i++) {
      /* int4_g32 has no code for +8: the far end is one whole step away. */
      double limit = (f == LAYOUT_INT4_G32 ? 1 : 0.5) * steps[f] + (f == LAYOUT_F32 ? 0 : 0x1p-10);
      assert_true(fabs((double)out[i] - (double)in[i]) <= limit);
    }
  }
}

/* On normal weights: f16 to about 2^-23, int8 some 4e-5, int4 some 7e-3 and less with a zero point. */
static void error_shrinks_with_the_bits(void **state) {
  (void)state;
  enum { ROWS = 16, LENGTH = 256 };
  float *in = test_malloc(ROWS * LENGTH * sizeof *in);
  unsigned char *w = test_malloc(ROWS * LENGTH * sizeof(float));
  uint16_t *scales = test_malloc(ROWS * LENGTH / 32 * 2 * sizeof *scales);
  struct rng rng = rng_make(5);
  for (int i = 0; i < ROWS * LENGTH; i++) in[i] = rng_normal(&rng) * 0.02f;
  double error[LAYOUT_FORMATS];
  for (int f = 0; f < LAYOUT_FORMATS; f++) {
    struct layout layout = layout_of((enum layout_format)f, LENGTH);
    quantize_matrix(&layout, in, ROWS, LENGTH, w, scales);
    error[f] = quantize_error(&layout, in, ROWS, LENGTH, w, scales);
  }
  assert_true(error[LAYOUT_F32] == 0);
  assert_true(error[LAYOUT_F16] > 1e-8 && error[LAYOUT_F16] < 1e-7);
  assert_true(error[LAYOUT_INT8_G32] > 1e-5 && error[LAYOUT_INT8_G32] < 1e-4);
  assert_true(error[LAYOUT_INT4_G32] > 1e-3 && error[LAYOUT_INT4_G32] < 2e-2);
  assert_true(error[LAYOUT_INT4Z_G32] < error[LAYOUT_INT4_G32]);
  test_free(in);
  test_free(w);
  test_free(scales);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(f32_is_kept),
    cmocka_unit_test(f16_is_numpys),
    cmocka_unit_test(int8_is_q8_0),
    cmocka_unit_test(int4_is_q4_0),
    cmocka_unit_test(int4z_is_q4_1),
    cmocka_unit_test(ragged_rows_come_back_within_half_a_step),
    cmocka_unit_test(error_shrinks_with_the_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
