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
  near(got.lo, 122.5 - stats_stretch(ROUNDS) * 18);
  near(got.hi, 122.5 + stats_stretch(ROUNDS) * 18);
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
  near(got.lo, 12 - stats_stretch(2) * 0.5);   /* both draws round 0: one in four */
  near(got.hi, 12 + stats_stretch(2) * 8);     /* both draws round 2: one in four */
}

static void the_stretch_is_students(void **state) {
  (void)state;
  /* Student's 97.5 % quantiles for 1, 2, 4, 9 and 29 degrees: any printed table */
  static const struct { size_t n; double t; } table[] = {
    {2, 12.7062}, {3, 4.3027}, {5, 2.7764}, {10, 2.2622}, {30, 2.0452},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    double n = (double)table[i].n, expected = sqrt(n / (n - 1)) * table[i].t / 1.959964;
    assert_true(fabs(stats_stretch(table[i].n) / expected - 1) < 0.001);
  }
}

/* Rounds with an effect of their own beside noise with long tails; the true median is 0 by symmetry. */
static double simulated(struct rng *rng, double effect, double values[N], uint32_t round[N]) {
  for (uint32_t i = 0, r = 0; r < ROUNDS; r++) {
    double shift = effect * rng_normal(rng);
    for (uint32_t s = 0; s < PER_ROUND; s++, i++) {
      values[i] = shift + rng_normal(rng) * exp(0.5 * rng_normal(rng));
      round[i] = r;
    }
  }
  return stats_median(values, N);
}

struct coverage { double stretched, plain; };   /* shares */

/* Pairs of runs that differ by chance alone: how many agree by |m1 - m2| <= sqrt(h1^2 + h2^2). */
static struct coverage simulate_pairs(double effect) {
  enum { PAIRS = 1000 };
  struct rng rng = rng_make(11);
  struct coverage agree = {0};
  for (uint32_t p = 0; p < PAIRS; p++) {
    double median[2], half[2], values[N];
    uint32_t round[N];
    for (uint32_t i = 0; i < 2; i++) {
      median[i] = simulated(&rng, effect, values, round);
      struct interval interval = stats_bootstrap(values, round, N, ROUNDS, 2 * p + i);
      half[i] = (interval.hi - interval.lo) / 2;
    }
    double apart = fabs(median[0] - median[1]), together = hypot(half[0], half[1]);
    agree.stretched += apart <= together;
    agree.plain += apart <= together / stats_stretch(ROUNDS);
  }
  return (struct coverage){agree.stretched / PAIRS, agree.plain / PAIRS};
}

static void identical_runs_agree_as_often_as_promised(void **state) {
  (void)state;
  static const double effects[] = {0, 0.5, 3};
  for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
    struct coverage agree = simulate_pairs(effects[i]);
    print_message("round effect %.1f: %.3f agree, %.3f without the stretch\n", effects[i], agree.stretched,
                  agree.plain);
    assert_true(agree.stretched >= 0.95 && agree.stretched < 0.995);   /* wide ones agree always, and say nothing */
    assert_true(agree.plain < 0.95);
  }
}

static void the_interval_holds_the_median(void **state) {
  (void)state;
  enum { RUNS = 1000 };
  struct rng rng = rng_make(12);
  double held = 0;
  for (uint32_t r = 0; r < RUNS; r++) {
    double values[N];
    uint32_t round[N];
    simulated(&rng, 1, values, round);
    struct interval interval = stats_bootstrap(values, round, N, ROUNDS, r);
    held += interval.lo <= 0 && 0 <= interval.hi;
  }
  assert_true(held / RUNS > 0.90 && held / RUNS < 0.99);   /* without the stretch 0.84 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(quantiles_are_those_of_numpy),
    cmocka_unit_test(no_values_have_no_quantile),
    cmocka_unit_test(interval_redraws_whole_rounds),
    cmocka_unit_test(interval_is_the_same_for_a_seed_and_any_order),
    cmocka_unit_test(one_round_says_nothing),
    cmocka_unit_test(rounds_may_differ_in_length),
    cmocka_unit_test(the_stretch_is_students),
    cmocka_unit_test(identical_runs_agree_as_often_as_promised),
    cmocka_unit_test(the_interval_holds_the_median),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
