#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "rng.h"

static void seeding_is_splitmix64(void **state) {
  (void)state;
  struct rng rng = rng_make(1234567);   /* published test values of splitmix64 */
  assert_true(rng.state[0] == 6457827717110365317u && rng.state[1] == 3203168211198807973u);
}

static void stream_is_xoshiro256starstar(void **state) {
  (void)state;
  static const uint64_t expected[] = {   /* from state 1, 2, 3, 4: an independent implementation in Python */
    11520u, 0u, 1509978240u, 1215971899390074240u, 1216172134540287360u, 607988272756665600u,
    16172922978634559625u, 8476171486693032832u, 10595114339597558777u, 2904607092377533576u,
  };
  struct rng rng = {{1, 2, 3, 4}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) assert_true(rng_next(&rng) == expected[i]);
}

static void parts_have_streams_of_their_own(void **state) {
  (void)state;
  uint64_t seen[1000];
  for (uint64_t part = 0; part < 1000; part++) {
    seen[part] = rng_derive(part / 500, part);
    for (uint64_t before = 0; before < part; before++) assert_true(seen[before] != seen[part]);
  }
  assert_true(rng_derive(1, 2) != rng_derive(2, 1));
  assert_true(rng_derive(7, 7) == rng_derive(7, 7));
}

static void below_is_in_range_and_even(void **state) {
  (void)state;
  struct rng rng = rng_make(1);
  unsigned count[7] = {0};
  for (int i = 0; i < 70000; i++) {
    uint64_t x = rng_below(&rng, 7);
    assert_true(x < 7);
    count[x]++;
  }
  double chi2 = 0;
  for (int i = 0; i < 7; i++) chi2 += (count[i] - 10000.0) * (count[i] - 10000.0) / 10000.0;
  assert_true(chi2 < 22.5);   /* 99.9 % quantile at 6 degrees of freedom */
  for (int i = 0; i < 100; i++) assert_true(rng_below(&rng, 1) == 0);
  for (int i = 0; i < 100; i++) rng_below(&rng, UINT64_MAX);
}

static void uniform_and_normal_have_their_moments(void **state) {
  (void)state;
  struct rng rng = rng_make(2);
  enum { N = 200000 };
  double sum = 0, normal = 0, square = 0, fourth = 0;
  for (int i = 0; i < N; i++) {
    double u = rng_uniform(&rng), z = rng_normal(&rng);
    assert_true(u >= 0 && u < 1);
    sum += u;
    normal += z;
    square += z * z;
    fourth += z * z * z * z;
  }
  /* five standard errors each */
  assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
  assert_true(fabs(normal / N) < 5 * sqrt(1.0 / N));
  assert_true(fabs(square / N - 1) < 5 * sqrt(2.0 / N));
  assert_true(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
}

static void bytes_fill_exactly(void **state) {
  (void)state;
  for (size_t n = 0; n < 40; n++) {
    unsigned char a[48], b[48];
    memset(a, 0xee, sizeof a);
    memset(b, 0x11, sizeof b);
    struct rng one = rng_make(n), two = rng_make(n);
    rng_bytes(&one, a, n);
    rng_bytes(&two, b, n);
    assert_memory_equal(a, b, n);
    for (size_t i = n; i < sizeof a; i++) assert_true(a[i] == 0xee && b[i] == 0x11);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(seeding_is_splitmix64),
    cmocka_unit_test(stream_is_xoshiro256starstar),
    cmocka_unit_test(parts_have_streams_of_their_own),
    cmocka_unit_test(below_is_in_range_and_even),
    cmocka_unit_test(uniform_and_normal_have_their_moments),
    cmocka_unit_test(bytes_fill_exactly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
