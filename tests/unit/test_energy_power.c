/* The arithmetic of energy on readings that a person can check. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "power.h"

enum { MOST = 2000 };
static struct reading readings[MOST];
static struct trace trace;

/* A reading every 10 ms for `seconds`: of a counter that moves every `step` seconds, or of the power itself. */
static void sample(enum meter_unit unit, double watts, double step, double seconds) {
  trace = (struct trace){.readings = readings, .unit = unit};
  for (size_t i = 0; i < MOST && 0.01 * (double)i <= seconds; i++) {
    double at = 0.01 * (double)i;
    double counted = watts * step * floor((at + 0.003) / step);   /* steps fall between readings, as they do */
    readings[trace.n++] = (struct reading){100 + at, unit == METER_JOULES ? 5 + counted : watts};
  }
}

static struct power mean(double begin, double end) {
  struct power power = {NAN, NAN};
  struct error err = {0};
  if (!power_mean(&trace, begin, end, &power, &err)) fail_msg("%s", err.text);
  return power;
}

static void refuses(double begin, double end, const char *says) {
  struct power power;
  struct error err = {0};
  assert_false(power_mean(&trace, begin, end, &power, &err));
  if (!strstr(err.text, says)) fail_msg("'%s' does not say '%s'", err.text, says);
}

static void counter_is_read_between_its_steps(void **state) {
  (void)state;
  for (int phase = 0; phase < 10; phase++) {
    sample(METER_JOULES, 120, 0.1, 6);
    struct power power = mean(100.2 + 0.01 * phase, 105.2 + 0.01 * phase);
    assert_true(fabs(power.watts - 120) <= power.error);
    assert_true(power.error < 0.005 * 120);   /* two readings' distance in 5 s; a whole step would be 2 % either side */
  }
}

static void fine_counter_is_as_good(void **state) {
  (void)state;
  sample(METER_JOULES, 35, 0.001, 6);
  assert_true(fabs(mean(100.5, 105.5).watts - 35) <= 0.01 * 35);
}

static void power_is_integrated(void **state) {
  (void)state;
  sample(METER_WATTS, 50, 0, 6);
  for (size_t i = 300; i < trace.n; i++) readings[i].value = 150;   /* from 103 s on */
  struct power power = mean(101, 105);
  assert_true(fabs(power.watts - 100) <= power.error && power.error < 1);
}

static void averaging_meter_skips_what_it_looks_back_on(void **state) {
  (void)state;
  sample(METER_WATTS, 200, 0, 6);
  for (size_t i = 0; i < 100; i++) readings[i].value = 40;   /* the meter is still averaging the idle time before */
  trace.lag_s = 1;
  assert_true(fabs(mean(100, 106).watts - 200) < 1e-9);
}

static void what_is_no_measurement_has_no_number(void **state) {
  (void)state;
  sample(METER_JOULES, 0, 1, 6);
  refuses(100, 106, "stood still");
  sample(METER_JOULES, 100, 1, 6);
  refuses(100, 106, "moved 6 times");
  sample(METER_JOULES, 100, 0.1, 6);
  readings[250].value -= 30;
  refuses(100, 106, "backwards");
  sample(METER_WATTS, 0, 0, 6);
  refuses(100, 106, "no sensor");
  sample(METER_WATTS, 100, 0, 6);
  readings[250].value = NAN;
  refuses(100, 106, "no amount");
  readings[250].value = -1;
  refuses(100, 106, "no amount");
  readings[250].value = INFINITY;
  refuses(100, 106, "no amount");
  sample(METER_WATTS, 2e4, 0, 6);
  refuses(100, 106, "more than any device");
  sample(METER_WATTS, 100, 0, 6);
  readings[250].at = readings[249].at;
  refuses(100, 106, "out of order");
  sample(METER_WATTS, 100, 0, 6);
  refuses(200, 206, "fewer than 2");
  refuses(100, 100.05, "readings in");
  trace.n = 0;
  refuses(100, 106, "fewer than 2");
}

static void small_step_back_taken_for_a_wrap_is_found(void **state) {
  (void)state;
  sample(METER_JOULES, 100, 0.01, 6);
  for (size_t i = 250; i < trace.n; i++) readings[i].value += 65712;   /* the smallest range of RAPL */
  refuses(100.5, 105.5, "more than any device");
}

/* ---- repeats */

static struct energy_window window(double idle, double load, double seconds, double runs) {
  return (struct energy_window){{idle, 0}, {load, 0}, {idle, 0}, seconds, runs};
}

static void gross_and_net_are_per_run(void **state) {
  (void)state;
  struct energy_window windows[] = {window(20, 120, 5, 1000), window(20, 120, 5, 1000), window(20, 120, 5, 1000)};
  struct energy energy;
  struct error err = {0};
  assert_true(energy_mean(windows, 3, &energy, &err));
  assert_true(fabs(energy.gross - 0.6) < 1e-12 && fabs(energy.net - 0.5) < 1e-12);
  assert_true(energy.gross_error < 1e-9 && energy.net_error < 1e-9 && energy.idle_watts == 20 && energy.windows == 3);
  assert_true(fabs(energy.run_s - 0.005) < 1e-12);
}

static void interval_is_that_of_student(void **state) {
  (void)state;
  struct energy_window windows[] = {window(0, 100, 1, 1), window(0, 110, 1, 1), window(0, 120, 1, 1)};
  struct energy energy;
  struct error err = {0};
  assert_true(energy_mean(windows, 3, &energy, &err));
  assert_true(fabs(energy.gross - 110) < 1e-9);
  assert_true(fabs(energy.gross_error - 4.303 * 10 / sqrt(3)) < 1e-6);
  for (int i = 0; i < 3; i++) windows[i].during.error = 30;
  assert_true(energy_mean(windows, 3, &energy, &err));
  assert_true(fabs(energy.gross_error - hypot(30, 4.303 * 10 / sqrt(3))) < 1e-6);
}

static void idle_that_drifts_widens_the_net_alone(void **state) {
  (void)state;
  struct energy_window windows[2] = {window(20, 120, 5, 5), window(20, 120, 5, 5)};
  for (int i = 0; i < 2; i++) windows[i].after.watts = 30;
  struct energy energy;
  struct error err = {0};
  assert_true(energy_mean(windows, 2, &energy, &err));
  assert_true(fabs(energy.net - 95) < 1e-9 && fabs(energy.net_error - 5) < 1e-9 && energy.gross_error < 1e-9);
}

static void too_little_has_no_number(void **state) {
  (void)state;
  struct energy_window windows[] = {window(20, 20, 5, 10), window(20, 20, 5, 10)};
  struct energy energy;
  struct error err = {0};
  assert_false(energy_mean(windows, 1, &energy, &err));
  assert_false(energy_mean(windows, 2, &energy, &err));
  assert_non_null(strstr(err.text, "stands still"));
  windows[0].runs = 0;
  assert_false(energy_mean(windows, 2, &energy, &err));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counter_is_read_between_its_steps),
      cmocka_unit_test(fine_counter_is_as_good),
      cmocka_unit_test(power_is_integrated),
      cmocka_unit_test(averaging_meter_skips_what_it_looks_back_on),
      cmocka_unit_test(what_is_no_measurement_has_no_number),
      cmocka_unit_test(small_step_back_taken_for_a_wrap_is_found),
      cmocka_unit_test(gross_and_net_are_per_run),
      cmocka_unit_test(interval_is_that_of_student),
      cmocka_unit_test(idle_that_drifts_widens_the_net_alone),
      cmocka_unit_test(too_little_has_no_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
