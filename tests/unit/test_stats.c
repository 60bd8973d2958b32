#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rng.h"
#include "stats.h"

static void near(double a, double b) { assert_true(fabs(a - b) <= 1e-12 * fabs(b)); }

static void quantiles_are_those_of_numpy(void **state) {
  (void)state;
  const double values[] = {3.1, 0.2, 7.7, 5.5, 1.25, 9.0, 4.4};   /* numpy.quantile, method linear */
  near(stats_quantile(values, 7, 0), 0.2);
  near(stats_quantile(values, 7, 0.1), 0.83);
  near(stats_quantile(values, 7, 0.25), 2.175);
  near(stats_median(values, 7), 4.4);
  near(stats_quantile(values, 7, 0.9), 8.22);
  near(stats_quantile(values, 7, 1), 9.0);
  near(stats_median(values, 6), 4.3);
  near(stats_quantile(values, 6, 0.1), 0.725);
  assert_true(values[0] == 3.1 && values[6] == 4.4);   /* left as they were */
}

static void no_values_have_no_quantile(void **state) {
  (void)state;
  assert_true(isnan(stats_median(NULL, 0)));
  const double one = 42;
  assert_true(stats_quantile(&one, 1, 0.1) == 42);
}

enum { ROUNDS = 5, PER_ROUND = 6, N = ROUNDS * PER_ROUND };

static void staircase(double *values, uint32_t *round) {
  for (uint32_t i = 0; i < N; i++) {
    round[i] = i / PER_ROUND;
    values[i] = 100 + 10 * (double)round[i] + i % PER_ROUND;
  }
}

static void interval_redraws_whole_rounds(void **state) {
  (void)state;
  double values[N];
  uint32_t round[N];
  staircase(values, round);
  /* numpy over all 5^5 resamples of rounds: [104.5, 140.5]. Single samples redrawn would give a far narrower one. */
  struct interval got = stats_bootstrap(values, round, N, ROUNDS, 1);
  near(got.lo, 104.5);
  near(got.hi, 140.5);
}

static void interval_is_the_same_for_a_seed_and_any_order(void **state) {
  (void)state;
  double values[N], reversed[N];
  uint32_t round[N], reversed_round[N];
  struct rng rng = rng_make(3);
  for (uint32_t i = 0; i < N; i++) {
    round[i] = i / PER_ROUND;
    values[i] = 1000 + rng_normal(&rng);
    reversed[N - 1 - i] = values[i];
    reversed_round[N - 1 - i] = round[i];
  }
  struct interval a = stats_bootstrap(values, round, N, ROUNDS, 7),
                  b = stats_bootstrap(reversed, reversed_round, N, ROUNDS, 7);
  assert_true(a.lo == b.lo && a.hi == b.hi);
  assert_true(a.lo < a.hi && a.lo <= stats_median(values, N) && stats_median(values, N) <= a.hi);
}

static void one_round_says_nothing(void **state) {
  (void)state;
  const double values[] = {1, 2, 3};
  const uint32_t first[] = {0, 0, 0}, second[] = {1, 1, 1};
  struct interval got = stats_bootstrap(values, first, 3, 1, 1);
  assert_true(isinf(got.lo) && got.lo < 0 && isinf(got.hi) && got.hi > 0);
  got = stats_bootstrap(values, second, 3, 2, 1);   /* two rounds, one of them empty */
  assert_true(isinf(got.lo) && isinf(got.hi));
  got = stats_bootstrap(NULL, NULL, 0, 0, 1);
  assert_true(isinf(got.lo) && isinf(got.hi));
}

static void rounds_may_differ_in_length(void **state) {
  (void)state;
  const double values[] = {10, 11, 12, 13, 20};
  const uint32_t round[] = {0, 0, 0, 0, 2};   /* round 1 is empty */
  struct interval got = stats_bootstrap(values, round, 5, 3, 1);
  near(got.lo, 11.5);   /* both draws round 0: one in four */
  near(got.hi, 20);     /* both draws round 2: one in four */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(quantiles_are_those_of_numpy),
    cmocka_unit_test(no_values_have_no_quantile),
    cmocka_unit_test(interval_redraws_whole_rounds),
    cmocka_unit_test(interval_is_the_same_for_a_seed_and_any_order),
    cmocka_unit_test(one_round_says_nothing),
    cmocka_unit_test(rounds_may_differ_in_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
