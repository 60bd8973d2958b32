#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "llc.h"
#include "rng.h"

#define MIB (1ull << 20)
enum { N = 10 };

static const uint64_t sizes[N] = {MIB,      2 * MIB,  4 * MIB,   8 * MIB,   16 * MIB,
                                  32 * MIB, 64 * MIB, 128 * MIB, 256 * MIB, 512 * MIB};

static void one_cache(void **state) {
  (void)state;
  /* 50 MiB as on an H100: small sets pay for their launch, 64 MiB is half held */
  const double rate[N] = {0.5, 1.0, 2.0, 3.5, 5.0, 5.5, 3.6, 2.3, 2.2, 2.2};
  assert_int_equal(llc_knee(sizes, rate, N), 64 * MIB);
  const double sharp[N] = {5, 5, 5, 5, 5, 5, 2.2, 2.2, 2.2, 2.2};
  assert_int_equal(llc_knee(sizes, sharp, N), 32 * MIB);
}

static void of_two_levels_the_last(void **state) {
  (void)state;
  const double rate[N] = {9, 9, 9, 4, 4, 4, 4, 4, 1, 1};
  assert_int_equal(llc_knee(sizes, rate, N), 128 * MIB);
}

static void none_is_seen_in_a_flat_or_rising_line(void **state) {
  (void)state;
  const double flat[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, rising[N] = {1, 2, 3, 4, 5, 6, 7, 7.5, 8, 8};
  assert_int_equal(llc_knee(sizes, flat, N), 0);
  assert_int_equal(llc_knee(sizes, rising, N), 0);
}

static void a_sweep_that_ends_within_the_cache_tells_nothing(void **state) {
  (void)state;
  const double rate[N] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 4};
  assert_int_equal(llc_knee(sizes, rate, N), 0);
  const double few[] = {9, 9, 1};
  assert_int_equal(llc_knee(sizes, few, 3), 0);
  assert_int_equal(llc_knee(sizes, few, 0), 0);
}

static void one_disturbed_rate_is_no_cache(void **state) {
  (void)state;
  const double up[N] = {5, 5, 5, 1, 1, 1, 4, 1, 1, 1}, first[N] = {5, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  assert_int_equal(llc_knee(sizes, up, N), 4 * MIB);
  assert_int_equal(llc_knee(sizes, first, N), 0);
}

static void noise_of_five_percent_moves_nothing(void **state) {
  (void)state;
  struct rng rng = rng_make(1);
  for (int run = 0; run < 1000; run++) {
    double rate[N];
    for (int i = 0; i < N; i++) rate[i] = (i < 6 ? 2.5 : 1) * (0.95 + 0.1 * rng_uniform(&rng));
    assert_int_equal(llc_knee(sizes, rate, N), 32 * MIB);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_cache),
    cmocka_unit_test(of_two_levels_the_last),
    cmocka_unit_test(none_is_seen_in_a_flat_or_rising_line),
    cmocka_unit_test(a_sweep_that_ends_within_the_cache_tells_nothing),
    cmocka_unit_test(one_disturbed_rate_is_no_cache),
    cmocka_unit_test(noise_of_five_percent_moves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
