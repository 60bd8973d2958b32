/* Which variants leave a run, on rows made by hand: two groups, of three variants and of one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "race.h"

enum { ROWS = 4, SAMPLES = 4 };

struct race {
  struct suite suite;
  struct technique technique[2];
  struct variant variant[ROWS];
  struct plan_row planned[ROWS];
  double ns[ROWS][SAMPLES];
  struct row rows[ROWS];
  struct session session;
};

static void begin(struct race *race, bool fastest_only) {
  memset(race, 0, sizeof *race);
  race->suite = (struct suite){.rounds = 8, .case_seconds = 4, .fastest_only = fastest_only};
  for (size_t i = 0; i < ROWS; i++) {
    race->variant[i].id = "matmul.any";
    race->planned[i].variant = &race->variant[i];
    race->planned[i].technique = &race->technique[i == ROWS - 1];
    race->rows[i] = (struct row){.planned = &race->planned[i], .status = STATUS_OK, .verified = true,
                                 .op_ns = 1000.0 * (double)(i + 1), .estimate_s = 1, .ns = race->ns[i]};
  }
  race->session = (struct session){.suite = &race->suite, .rows = race->rows, .n_rows = ROWS};
}

static void samples(struct race *race, size_t row, double least, double most) {
  const double ns[SAMPLES] = {least, most, (least + most) / 2, least};
  memcpy(race->ns[row], ns, sizeof ns);
  race->rows[row].n = SAMPLES;
}

static size_t left(const struct race *race) {
  size_t n = 0;
  for (size_t i = 0; i < ROWS; i++) n += race->rows[i].status == STATUS_OK;
  return n;
}

static void at_first_sight_only_the_hopeless_leave(void **state) {
  (void)state;
  struct race race;
  begin(&race, false);
  race.rows[1].op_ns = 4900;
  race.rows[2].op_ns = 5100;
  race.rows[3].op_ns = 1e9;   /* alone in its group */
  race_first_sight(&race.session);
  assert_int_equal(left(&race), 3);
  assert_int_equal(race.rows[2].status, STATUS_SKIPPED);
  assert_non_null(strstr(race.rows[2].reason, "5.1 times"));
}

static void what_costs_little_may_stay(void **state) {
  (void)state;
  struct race race;
  begin(&race, false);
  race.rows[2].op_ns = 5100;
  race.rows[2].estimate_s = 0.3;   /* under a tenth of case_seconds */
  race_first_sight(&race.session);
  assert_int_equal(left(&race), ROWS);
  race.suite.fastest_only = true;
  race_first_sight(&race.session);
  assert_int_equal(left(&race), ROWS - 1);
}

static void a_row_leaves_when_no_sample_reaches_the_best(void **state) {
  (void)state;
  struct race race;
  begin(&race, true);
  samples(&race, 0, 100, 120);
  samples(&race, 1, 119, 300);   /* overlaps */
  samples(&race, 2, 121, 130);
  samples(&race, 3, 900, 999);
  race_rounds(&race.session);
  assert_int_equal(left(&race), 3);
  assert_int_equal(race.rows[2].status, STATUS_SKIPPED);
}

static void the_control_row_stays(void **state) {
  (void)state;
  struct race race;
  begin(&race, true);
  for (size_t i = 0; i < 3; i++) samples(&race, i, 100.0 * (double)(i + 1), 110.0 * (double)(i + 1));
  race.session.control.row = &race.rows[2];
  race_rounds(&race.session);
  assert_int_equal(race.rows[1].status, STATUS_SKIPPED);
  assert_int_equal(race.rows[2].status, STATUS_OK);
}

static void seconds_with_and_without_those_who_may_leave(void **state) {
  (void)state;
  struct race race;
  double least, most;
  begin(&race, false);
  race_seconds(&race.session, &least, &most);
  assert_true(least == 4 && most == 4);
  race.suite.fastest_only = true;   /* two rounds of eight for the second and the third */
  race_seconds(&race.session, &least, &most);
  assert_true(fabs(least - 2.5) < 1e-12 && most == 4);
  row_drop(&race.rows[0], STATUS_LOST, "gone");
  race_seconds(&race.session, &least, &most);
  assert_true(fabs(least - 2.25) < 1e-12 && most == 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(at_first_sight_only_the_hopeless_leave),
      cmocka_unit_test(what_costs_little_may_stay),
      cmocka_unit_test(a_row_leaves_when_no_sample_reaches_the_best),
      cmocka_unit_test(the_control_row_stays),
      cmocka_unit_test(seconds_with_and_without_those_who_may_leave),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
