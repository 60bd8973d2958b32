/* A machine whose joules are known, past every kind of meter: what is found is what it drew. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "meter_tree.h"
#include "power.h"

/* A machine that idles at 20 W and draws 120 W under load: 3 repeats of 2 s idle, 5 s load, 2 s idle. */
enum { IDLE_WATTS = 20, LOAD_WATTS = 120, REPEATS = 3, RUNS = 500, READINGS = 4000 };
static const double IDLE_S = 2, LOAD_S = 5, PERIOD_S = 0.01, REPEAT_S = 2 + 5 + 2;

static double watts_at(double t) {
  double in = fmod(t, REPEAT_S);
  return in >= IDLE_S && in < IDLE_S + LOAD_S ? LOAD_WATTS : IDLE_WATTS;
}

static double joules_at(double t) {
  double whole = floor(t / REPEAT_S), in = t - whole * REPEAT_S;
  double load = fmin(fmax(in - IDLE_S, 0), LOAD_S);
  return whole * (REPEAT_S * IDLE_WATTS + LOAD_S * (LOAD_WATTS - IDLE_WATTS)) + IDLE_WATTS * in +
         load * (LOAD_WATTS - IDLE_WATTS);
}

/* Runs that machine past a meter whose register `set` moves, in steps of step_s, and finds the joules again. */
static void finds_known_joules(struct meter *meter, double step_s, void (*set)(double joules, double watts)) {
  struct reading *readings = calloc(READINGS, sizeof *readings);
  struct trace trace = {readings, 0, meter_unit(meter), meter_lag(meter)};
  struct error err = {0};
  for (double t = 0; t < REPEATS * REPEAT_S; t += PERIOD_S) {
    double moved = step_s > 0 ? step_s * floor(t / step_s) : t;
    set(joules_at(moved), watts_at(t));
    readings[trace.n].at = t;
    assert_true(meter_read(meter, &readings[trace.n++].value, &err));
  }
  struct energy_window windows[REPEATS];
  for (int w = 0; w < REPEATS; w++) {
    double at = w * REPEAT_S, load = at + IDLE_S, idle = load + LOAD_S;
    windows[w] = (struct energy_window){.seconds = LOAD_S, .runs = RUNS};
    if (!power_mean(&trace, at, load, &windows[w].before, &err) ||
        !power_mean(&trace, load, idle, &windows[w].during, &err) ||
        !power_mean(&trace, idle, idle + IDLE_S, &windows[w].after, &err))
      fail_msg("%s", err.text);
  }
  struct energy energy;
  assert_true(energy_mean(windows, REPEATS, &energy, &err));
  const double gross = LOAD_WATTS * LOAD_S / RUNS, net = (LOAD_WATTS - IDLE_WATTS) * LOAD_S / RUNS;
  if (fabs(energy.gross - gross) > 0.02 * gross || fabs(energy.net - net) > 0.02 * net)
    fail_msg("%s: gross %g J of %g, net %g J of %g", meter_name(meter), energy.gross, gross, energy.net, net);
  assert_true(energy.gross_error < 0.05 * gross && fabs(energy.gross - gross) <= energy.gross_error);
  free(readings);
  meter_close(meter);
}

static void set_hwmon_energy(double joules, double watts) {
  (void)watts;
  tree_put(HWMON "energy1_input", (uint64_t)(1e6 * joules));
}
static void set_hwmon_power(double joules, double watts) {
  (void)joules;
  tree_put(HWMON "power1_input", (uint64_t)(1e6 * watts));
}
static void set_hwmon_average(double joules, double watts) {   /* over the last half second */
  static double average = IDLE_WATTS;
  (void)joules;
  average += (watts - average) * fmin(1, PERIOD_S / 0.1);
  tree_put(HWMON "power1_average", (uint64_t)(1e6 * average));
}
static void set_package(double joules, double watts) {
  (void)watts;
  const uint64_t before_wrap = 300000000;   /* 300 J: it wraps within the first load */
  tree_put(PACKAGE "energy_uj", (RANGE - before_wrap + (uint64_t)(1e6 * joules)) % RANGE);
}

static void known_joules_of_i915(void **state) {
  (void)state;
  tree_put_text(HWMON "name", "i915\n");
  tree_put(HWMON "energy1_input", 0);
  finds_known_joules(meter_of_tree(DEVICE_DISCRETE), 0.001, set_hwmon_energy);
}

static void known_joules_of_xe(void **state) {
  (void)state;
  tree_put_text(HWMON "name", "xe\n");
  tree_put(HWMON "energy1_input", 0);
  finds_known_joules(meter_of_tree(DEVICE_DISCRETE), 0.05, set_hwmon_energy);
}

static void known_joules_of_amdgpu(void **state) {
  (void)state;
  tree_put_text(HWMON "name", "amdgpu\n");
  tree_put(HWMON "power1_input", 1);
  finds_known_joules(meter_of_tree(DEVICE_DISCRETE), 0, set_hwmon_power);
}

static void known_joules_of_an_amdgpu_that_averages(void **state) {
  (void)state;
  tree_put_text(HWMON "name", "amdgpu\n");
  tree_put(HWMON "power1_average", 1);
  finds_known_joules(meter_of_tree(DEVICE_DISCRETE), 0, set_hwmon_average);
}

static void known_joules_of_rapl_over_a_wrap(void **state) {
  (void)state;
  tree_put_text(PACKAGE "name", "package-0\n");
  tree_put(PACKAGE "max_energy_range_uj", RANGE);
  set_package(0, 0);
  finds_known_joules(meter_of_tree(DEVICE_CPU), 0.001, set_package);
}

static void set_nvml_energy(double joules, double watts) {
  (void)watts;
  nvml_answers()->millijoules = 1000000 + (unsigned long long)(1e3 * joules);
}
static void set_nvml_power(double joules, double watts) {
  (void)joules;
  struct nvml_standin *numbers = nvml_answers();
  numbers->has_energy = 0;
  numbers->milliwatts = (unsigned)(1e3 * watts);
}

static void known_joules_of_nvml(void **state) {
  (void)state;
  set_nvml_energy(0, 0);
  finds_known_joules(meter_of_nvml(), 0.1, set_nvml_energy);
  assert_int_equal(nvml_answers()->users, 0);
}

static void known_joules_of_an_nvml_without_a_counter(void **state) {
  (void)state;
  set_nvml_power(0, 20);
  struct meter *meter = meter_of_nvml();
  assert_true(meter_lag(meter) == 1);
  finds_known_joules(meter, 0, set_nvml_power);
}

static void wrap_is_undone(void **state) {
  (void)state;
  tree_put_text(PACKAGE "name", "package-0\n");
  tree_put(PACKAGE "max_energy_range_uj", RANGE);
  tree_put(PACKAGE "energy_uj", RANGE - 5000000);
  struct meter *meter = meter_of_tree(DEVICE_CPU);
  struct error err = {0};
  double joules;
  for (int turn = 1; turn <= 2; turn++) {   /* 8 J over the wrap, then all but 8 J to before it again */
    tree_put(PACKAGE "energy_uj", 3000000);
    assert_true(meter_read(meter, &joules, &err));
    assert_float_equal(joules, 8 + (turn - 1) * 1e-6 * (double)RANGE, 1e-3);
    tree_put(PACKAGE "energy_uj", RANGE - 5000000);
    assert_true(meter_read(meter, &joules, &err));
    assert_float_equal(joules, turn * 1e-6 * (double)RANGE, 1e-3);
  }
  meter_close(meter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_TREE(known_joules_of_i915),
      IN_TREE(known_joules_of_xe),
      IN_TREE(known_joules_of_amdgpu),
      IN_TREE(known_joules_of_an_amdgpu_that_averages),
      IN_TREE(known_joules_of_rapl_over_a_wrap),
      IN_TREE(wrap_is_undone),
      cmocka_unit_test(known_joules_of_nvml),
      cmocka_unit_test(known_joules_of_an_nvml_without_a_counter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
