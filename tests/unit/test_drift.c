#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "drift.h"

enum { ROUNDS = 5 };

static struct drift judge(const double *times) {
  struct drift drift = {0};
  drift_judge(times, ROUNDS, &drift);
  return drift;
}

static void a_steady_machine(void **state) {
  (void)state;
  const double times[] = {100, 104, 96, 100, 101, 99, 100, 103, 97, 100};
  struct drift drift = judge(times);
  assert_true(drift.first_ns == 100 && drift.last_ns == 100);
  assert_true(fabs(drift.largest - 0.04) < 1e-9);
  assert_int_equal(drift.rounds, 5);
  assert_int_equal(drift.drifted, 0);
  assert_false(drift_spoils(times, ROUNDS, 5));
}

static void one_round_of_five_does_not_carry_a_median(void **state) {
  (void)state;
  const double times[] = {100, 100, 100, 150, 100, 100, 100, 100, 100, 100};
  assert_int_equal(judge(times).drifted, 1);
  assert_true(fabs(judge(times).largest - 0.5) < 1e-9);
  assert_false(drift_of_round(times, ROUNDS, 0));
  assert_true(drift_of_round(times, ROUNDS, 1));
  assert_false(drift_spoils(times, ROUNDS, 5));
  assert_true(drift_spoils(times, ROUNDS, 2));   /* but of the two rounds that a row has it is half */
}

static void a_slope_is_drift(void **state) {
  (void)state;
  double times[2 * ROUNDS];
  for (int i = 0; i < 2 * ROUNDS; i++) times[i] = 100 * (1 + 0.06 * i);
  struct drift drift = judge(times);
  assert_true(drift.first_ns == 100 && fabs(drift.last_ns - 154) < 1e-9);
  assert_int_equal(drift.drifted, 4);   /* all but the middle one */
  assert_true(drift_spoils(times, ROUNDS, 5));
}

static void both_ends_of_a_round_apart(void **state) {
  (void)state;
  const double times[] = {93, 107, 100, 100, 100, 100, 100, 100, 100, 100};   /* each within 10 % of the median */
  assert_int_equal(judge(times).drifted, 1);
}

static void what_was_not_sampled_is_not_judged(void **state) {
  (void)state;
  const double none[] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  struct drift drift = judge(none);
  assert_true(isnan(drift.first_ns) && isnan(drift.last_ns) && isnan(drift.largest));
  assert_int_equal(drift.rounds, 0);
  assert_false(drift_spoils(none, ROUNDS, 5));
  const double cut[] = {100, 101, 100, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  drift = judge(cut);
  assert_int_equal(drift.rounds, 2);
  assert_int_equal(drift.drifted, 0);
  assert_true(drift.last_ns == 100);
}

static void throttling_is_over_ten_percent(void **state) {
  (void)state;
  struct drift drift = {.short_ns = 100, .sustained_ns = 109};
  assert_false(result_throttles(&drift));
  drift.sustained_ns = 111;
  assert_true(result_throttles(&drift));
  drift.sustained_ns = NAN;
  assert_false(result_throttles(&drift));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_steady_machine),
    cmocka_unit_test(one_round_of_five_does_not_carry_a_median),
    cmocka_unit_test(a_slope_is_drift),
    cmocka_unit_test(both_ends_of_a_round_apart),
    cmocka_unit_test(what_was_not_sampled_is_not_judged),
    cmocka_unit_test(throttling_is_over_ten_percent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
