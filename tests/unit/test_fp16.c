#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fp16.h"

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int is_nan(unsigned half) { return (half & 0x7fff) > 0x7c00; }

/* The value by the definition of binary16, with no trick shared with the code. */
static double defined(unsigned half) {
  int exponent = half >> 10 & 31, mantissa = half & 1023;
  double magnitude = exponent == 31 ? INFINITY
                     : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                    : ldexp(mantissa, -24);
  return half & 0x8000 ? -magnitude : magnitude;
}

static void every_half_has_its_value(void **state) {
  (void)state;
  for (unsigned half = 0; half < 65536; half++) {
    float value = fp16_to_float((uint16_t)half);
    if (is_nan(half)) assert_true(isnan(value));
    else assert_true(value == defined(half) && !!signbit(value) == !!(half & 0x8000));
  }
}

static void every_half_survives_the_round_trip(void **state) {
  (void)state;
  for (unsigned half = 0; half < 65536; half++) {
    unsigned back = fp16_from_float(fp16_to_float((uint16_t)half));
    if (is_nan(half)) assert_int_equal(back, half | 0x200);   /* quiet, payload kept */
    else assert_int_equal(back, half);
  }
}

/* Between each pair of neighbours: just below the middle, the middle, just above. */
static void rounding_is_to_nearest_even(void **state) {
  (void)state;
  for (unsigned half = 0; half < 0x7c00; half++) {
    double here = defined(half), next = half == 0x7bff ? 65536 : defined(half + 1);
    float middle = (float)((here + next) / 2);   /* exact: one bit more */
    unsigned even = half & 1 ? half + 1 : half;
    assert_int_equal(fp16_from_float(middle), even);
    assert_int_equal(fp16_from_float(-middle), even | 0x8000);
    assert_int_equal(fp16_from_float(nextafterf(middle, 0)), half);
    assert_int_equal(fp16_from_float(nextafterf(middle, INFINITY)), half + 1);
  }
}

static void known_values(void **state) {
  (void)state;
  static const struct { float value; uint16_t half; } known[] = {   /* numpy 2.4 */
    {1.0f, 0x3c00}, {65504.0f, 0x7bff}, {65519.99f, 0x7bff}, {65520.0f, 0x7c00}, {5.96e-8f, 0x0001},
    {2.98e-8f, 0x0000}, {3.0e-8f, 0x0001}, {0.1f, 0x2e66}, {-3.14159f, 0xc248}, {1e-5f, 0x00a8}, {1e30f, 0x7c00},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    assert_int_equal(fp16_from_float(known[i].value), known[i].half);
  assert_int_equal(fp16_from_float(-0.0f), 0x8000);
  assert_int_equal(fp16_from_float(INFINITY), 0x7c00);
  assert_int_equal(fp16_from_float(float_of(1)), 0);             /* smallest subnormal float */
  assert_true(is_nan(fp16_from_float(float_of(0x7f800001))));    /* signalling, payload below what a half holds */
}

#ifdef __FLT16_MAX__
/* _Float16 is an extension that -Wpedantic names. */
#pragma GCC diagnostic ignored "-Wpedantic"
static uint16_t compiler_half(float value) {
  _Float16 half = (_Float16)value;
  uint16_t bits;
  memcpy(&bits, &half, sizeof bits);
  return bits;
}

static float compiler_float(uint16_t bits) {
  _Float16 half;
  memcpy(&half, &bits, sizeof half);
  return (float)half;
}

static void the_compiler_agrees(void **state) {
  (void)state;
  for (unsigned half = 0; half < 65536; half++)
    if (!is_nan(half)) assert_true(compiler_float((uint16_t)half) == fp16_to_float((uint16_t)half));
  for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1021) {   /* a prime step: 4.2 million floats of every exponent */
    float value = float_of((uint32_t)bits);
    unsigned ours = fp16_from_float(value), theirs = compiler_half(value);
    if (isnan(value)) assert_true(is_nan(ours) && is_nan(theirs));
    else if (ours != theirs) fail_msg("float 0x%08x: 0x%04x, the compiler says 0x%04x", (unsigned)bits, ours, theirs);
  }
}
#else
static void the_compiler_agrees(void **state) {
  (void)state;
  skip();   /* this compiler has no _Float16 here */
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_half_has_its_value),
    cmocka_unit_test(every_half_survives_the_round_trip),
    cmocka_unit_test(rounding_is_to_nearest_even),
    cmocka_unit_test(known_values),
    cmocka_unit_test(the_compiler_agrees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
