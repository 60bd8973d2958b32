#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rng.h"
#include "tolerance.h"

static void dot_grows_with_the_root_of_k(void **state) {
  (void)state;
  double one = tolerance_dot(3, UNIT_F32, 1, 0, 0), four = tolerance_dot(15, UNIT_F32, 1, 0, 0);
  assert_true(fabs(four / one - 2) < 1e-9);
  assert_true(fabs(one - 4 * 2 * 0x1p-24) < 1e-20);   /* c sqrt(4) u */
}

static void storing_adds_its_rounding_of_the_value(void **state) {
  (void)state;
  double stored = tolerance_dot(1, UNIT_F32, 0, UNIT_F16, -8);
  assert_true(fabs(stored - 8 * 0x1p-11) < 1e-12);
}

static void nothing_is_as_small_as_a_flushed_denormal(void **state) {
  (void)state;
  assert_true(tolerance_dot(1, UNIT_F32, 0, 0, 0) >= 0x1p-126);
}

/* Naive f32 accumulation stays inside for random data, and dropping one term of average size does not. */
static void separates_rounding_from_a_dropped_term(void **state) {
  (void)state;
  struct rng rng = rng_make(11);
  for (int trial = 0; trial < 100; trial++) {
    enum { K = 4096 };
    float sum = 0;
    double exact = 0, magnitude = 0, last = 0;
    for (int k = 0; k < K; k++) {
      float a = rng_normal(&rng), b = rng_normal(&rng);
      last = (double)a * b;
      sum += a * b;
      exact += last;
      magnitude += fabs(last);
    }
    double bound = tolerance_dot(K, UNIT_F32, magnitude, UNIT_F32, exact);
    assert_true(fabs(sum - exact) <= bound);
    if (fabs(last) > magnitude / K) assert_true(fabs(sum - last - exact) > bound);
  }
}

static void functions_have_the_bounds_of_vulkan(void **state) {
  (void)state;
  const double ulp = 0x1p-23;
  assert_true(fabs(tolerance_exp(0) - 3 * ulp) < 1e-20);
  assert_true(fabs(tolerance_exp(-10) - 23 * ulp) < 1e-20);
  assert_true(fabs(tolerance_div() - 2.5 * ulp) < 1e-20);
  assert_true(fabs(tolerance_inversesqrt() - 2 * ulp) < 1e-20);
}

static void an_operand_in_f16_errs_only_where_f16_cannot_hold_it(void **state) {
  (void)state;
  assert_true(tolerance_f16_operand(0) == 0);
  assert_true(tolerance_f16_operand(-0.25) == 0);
  assert_true(tolerance_f16_operand(2049) == 2049 * 0x1p-10);     /* between 2048 and 2050 */
  assert_true(tolerance_f16_operand(-2050) == 0);
  assert_true(tolerance_f16_operand(TOLERANCE_F16_MAX) == 0);
  assert_true(tolerance_f16_operand(0x1p-14) == 0);
  assert_true(tolerance_f16_operand(-0x1p-15) == 0x1p-15);        /* subnormal: may be flushed */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dot_grows_with_the_root_of_k),
    cmocka_unit_test(storing_adds_its_rounding_of_the_value),
    cmocka_unit_test(nothing_is_as_small_as_a_flushed_denormal),
    cmocka_unit_test(separates_rounding_from_a_dropped_term),
    cmocka_unit_test(functions_have_the_bounds_of_vulkan),
    cmocka_unit_test(an_operand_in_f16_errs_only_where_f16_cannot_hold_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
