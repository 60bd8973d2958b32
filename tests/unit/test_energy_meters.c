/* Every kind of meter on a tree of sysfs files (tests/fixtures/sysfs, or a copy whose files move) and on a stand-in for
 * NVML: which device it is found for, what it reads, and that no fault of it becomes a number. */
#include <dlfcn.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "file.h"
#include "meter.h"
#include "power.h"
#include "recorder.h"
#include "standin.h"

#define TREE(name) SOURCE_DIR "/tests/fixtures/sysfs/" name
static const char NOWHERE[] = "/nonexistent", PCI[] = "0000:03:00.0";

static struct meter *open_at(const char *sysfs, const char *nvml, enum device_type type, const char *pci,
                             struct error *err) {
  struct caps caps = {.type = type};
  snprintf(caps.pci, sizeof caps.pci, "%s", pci);
  *err = (struct error){0};
  const struct meter_place place = {sysfs, nvml};
  return meter_open(&caps, &place, err);
}

static void reads(const char *sysfs, enum device_type type, const char *pci, enum meter_unit unit, double value,
                  const char *name) {
  struct error err;
  struct meter *meter = open_at(sysfs, NOWHERE, type, pci, &err);
  if (!meter) fail_msg("%s", err.text);
  double got = NAN;
  assert_true(meter_read(meter, &got, &err));
  assert_int_equal(meter_unit(meter), unit);
  assert_true(fabs(got - value) < 1e-9);
  if (strncmp(meter_name(meter), name, strlen(name)) != 0) fail_msg("'%s'", meter_name(meter));
  assert_non_null(strstr(meter_name(meter), "stand-in"));
  meter_close(meter);
}

static void has_none(const char *sysfs, const char *nvml, enum device_type type, const char *pci, const char *says) {
  struct error err;
  assert_null(open_at(sysfs, nvml, type, pci, &err));
  assert_int_equal(err.kind, ERROR_UNSUPPORTED);
  if (strncmp(err.text, "no meter: ", 10) != 0 || !strstr(err.text, says))
    fail_msg("'%s' says no '%s'", err.text, says);
}

static void meter_belongs_to_its_address(void **state) {
  (void)state;
  reads(TREE("amdgpu"), DEVICE_DISCRETE, PCI, METER_WATTS, 31, "amdgpu power1_average");
  reads(TREE("amdgpu"), DEVICE_INTEGRATED, "0000:0a:00.0", METER_WATTS, 12, "amdgpu power1_input, the CPU included");
  reads(TREE("i915"), DEVICE_DISCRETE, PCI, METER_JOULES, 0, "i915 energy counter");
  reads(TREE("xe"), DEVICE_DISCRETE, PCI, METER_JOULES, 0, "xe energy counter");
  reads(TREE("xe"), DEVICE_DISCRETE, "0000:04:00.0", METER_JOULES, 0, "xe energy counter, package only");
  reads(TREE("rapl"), DEVICE_CPU, "", METER_JOULES, 0, "RAPL, 2 packages");
  reads(TREE("rapl"), DEVICE_INTEGRATED, "0000:00:02.0", METER_JOULES, 0, "RAPL, 2 packages, the CPU included");
}

static void device_without_a_meter_has_a_reason(void **state) {
  (void)state;
  has_none(TREE("amdgpu"), NOWHERE, DEVICE_DISCRETE, "0000:04:00.0", "no hwmon");
  has_none(TREE("amdgpu"), NOWHERE, DEVICE_DISCRETE, "0000:0b:00.0", "power1_average");
  has_none(TREE("amdgpu"), NOWHERE, DEVICE_DISCRETE, "", "PCI address");
  has_none(TREE("rapl"), NOWHERE, DEVICE_DISCRETE, PCI, "NVML: /nonexistent is not here");
  has_none(NOWHERE, NOWHERE, DEVICE_CPU, "", "virtual machines");
  has_none(TREE("i915"), NOWHERE, DEVICE_CPU, "", "no package");
}

/* ---- trees whose files move */

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/test_energy_XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void put_text(const char *path, const char *text) {
  char full[512], fresh[520];
  struct error err = {0};
  snprintf(full, sizeof full, "%s/%s", folder, path);
  snprintf(fresh, sizeof fresh, "%s", full);
  *strrchr(fresh, '/') = '\0';
  assert_true(file_make_folders(fresh, &err));
  snprintf(fresh, sizeof fresh, "%s.new", full);
  FILE *file = fopen(fresh, "w");   /* renamed, so that a reader sees the old or the new; thousands of times: no sync */
  assert_true(file && fputs(text, file) >= 0 && fclose(file) == 0 && rename(fresh, full) == 0);
}

static void put(const char *path, uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64 "\n", value);
  put_text(path, text);
}

#define HWMON "bus/pci/devices/0000:03:00.0/hwmon/hwmon0/"
#define PACKAGE "class/powercap/intel-rapl:0/"
static const uint64_t RANGE = 262143328850;

static struct meter *open_tree(enum device_type type) {
  struct error err;
  struct meter *meter = open_at(folder, NOWHERE, type, PCI, &err);
  if (!meter) fail_msg("%s", err.text);
  return meter;
}

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
  put(HWMON "energy1_input", (uint64_t)(1e6 * joules));
}
static void set_hwmon_power(double joules, double watts) {
  (void)joules;
  put(HWMON "power1_input", (uint64_t)(1e6 * watts));
}
static void set_hwmon_average(double joules, double watts) {   /* over the last half second */
  static double average = IDLE_WATTS;
  (void)joules;
  average += (watts - average) * fmin(1, PERIOD_S / 0.1);
  put(HWMON "power1_average", (uint64_t)(1e6 * average));
}
static void set_package(double joules, double watts) {
  (void)watts;
  const uint64_t before_wrap = 300000000;   /* 300 J: it wraps within the first load */
  put(PACKAGE "energy_uj", (RANGE - before_wrap + (uint64_t)(1e6 * joules)) % RANGE);
}

static void known_joules_of_i915(void **state) {
  (void)state;
  put_text(HWMON "name", "i915\n");
  put(HWMON "energy1_input", 0);
  finds_known_joules(open_tree(DEVICE_DISCRETE), 0.001, set_hwmon_energy);
}

static void known_joules_of_xe(void **state) {
  (void)state;
  put_text(HWMON "name", "xe\n");
  put(HWMON "energy1_input", 0);
  finds_known_joules(open_tree(DEVICE_DISCRETE), 0.05, set_hwmon_energy);
}

static void known_joules_of_amdgpu(void **state) {
  (void)state;
  put_text(HWMON "name", "amdgpu\n");
  put(HWMON "power1_input", 1);
  finds_known_joules(open_tree(DEVICE_DISCRETE), 0, set_hwmon_power);
}

static void known_joules_of_an_amdgpu_that_averages(void **state) {
  (void)state;
  put_text(HWMON "name", "amdgpu\n");
  put(HWMON "power1_average", 1);
  finds_known_joules(open_tree(DEVICE_DISCRETE), 0, set_hwmon_average);
}

static void known_joules_of_rapl_over_a_wrap(void **state) {
  (void)state;
  put_text(PACKAGE "name", "package-0\n");
  put(PACKAGE "max_energy_range_uj", RANGE);
  set_package(0, 0);
  finds_known_joules(open_tree(DEVICE_CPU), 0.001, set_package);
}

static void wrap_is_undone(void **state) {
  (void)state;
  put_text(PACKAGE "name", "package-0\n");
  put(PACKAGE "max_energy_range_uj", RANGE);
  put(PACKAGE "energy_uj", RANGE - 5000000);
  struct meter *meter = open_tree(DEVICE_CPU);
  struct error err = {0};
  double joules;
  for (int turn = 1; turn <= 2; turn++) {   /* 8 J over the wrap, then all but 8 J to before it again */
    put(PACKAGE "energy_uj", 3000000);
    assert_true(meter_read(meter, &joules, &err));
    assert_float_equal(joules, 8 + (turn - 1) * 1e-6 * (double)RANGE, 1e-3);
    put(PACKAGE "energy_uj", RANGE - 5000000);
    assert_true(meter_read(meter, &joules, &err));
    assert_float_equal(joules, turn * 1e-6 * (double)RANGE, 1e-3);
  }
  meter_close(meter);
}

/* ---- faults of files */

static void read_fails(struct meter *meter, const char *says) {
  double value;
  struct error err = {0};
  assert_false(meter_read(meter, &value, &err));
  if (!strstr(err.text, says)) fail_msg("'%s' does not say '%s'", err.text, says);
}

static void faults_of_a_file_are_named(void **state) {
  (void)state;
  put_text(HWMON "name", "xe\n");
  put(HWMON "energy1_input", 1000);
  struct meter *meter = open_tree(DEVICE_DISCRETE);
  static const char *const garbage[] = {"", "\n", "abc\n", "12 34\n", "-5\n", "1e9\n", "0x10\n", "nan\n",
                                        "18446744073709551616\n",
                                        "1111111111111111111111111111111111111111111111111111111111111111111111111\n"};
  for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
    put_text(HWMON "energy1_input", garbage[i]);
    read_fails(meter, "no whole number");
  }
  put(HWMON "energy1_input", 999);
  read_fails(meter, "backwards");
  char path[256];
  snprintf(path, sizeof path, "%s/" HWMON "energy1_input", folder);
  unlink(path);
  read_fails(meter, "energy1_input");
  meter_close(meter);
}

static void package_above_its_range_is_refused(void **state) {
  (void)state;
  put_text(PACKAGE "name", "package-0\n");
  put(PACKAGE "max_energy_range_uj", 1000);
  put(PACKAGE "energy_uj", 1001);
  has_none(folder, NOWHERE, DEVICE_CPU, "", "above its range");
  put_text(PACKAGE "max_energy_range_uj", "lots\n");
  has_none(folder, NOWHERE, DEVICE_CPU, "", "no whole number");
}

static void file_of_root_names_the_remedy(void **state) {
  (void)state;
  if (geteuid() == 0) skip();   /* root may read everything */
  put_text(PACKAGE "name", "package-0\n");
  put(PACKAGE "max_energy_range_uj", RANGE);
  put(PACKAGE "energy_uj", 5);
  char path[256];
  snprintf(path, sizeof path, "%s/" PACKAGE "energy_uj", folder);
  assert_int_equal(chmod(path, 0), 0);
  has_none(folder, NOWHERE, DEVICE_CPU, "", "run as root");
}

/* ---- NVML */

static struct nvml_standin *standin(void) {
  void *library = dlopen(NVML_STANDIN, RTLD_NOW | RTLD_LOCAL);
  assert_non_null(library);
  struct nvml_standin *numbers = dlsym(library, "nvml_standin");
  assert_non_null(numbers);
  *numbers = (struct nvml_standin){.has_energy = 1, .millijoules = 12345678, .milliwatts = 20000,
                                   .users = numbers->users};
  return numbers;
}

static struct meter *open_nvml(void) {
  struct error err;
  struct meter *meter = open_at(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:01:00.0", &err);
  if (!meter) fail_msg("%s", err.text);
  return meter;
}

static void set_nvml_energy(double joules, double watts) {
  (void)watts;
  standin()->millijoules = 1000000 + (unsigned long long)(1e3 * joules);
}
static void set_nvml_power(double joules, double watts) {
  (void)joules;
  struct nvml_standin *numbers = standin();
  numbers->has_energy = 0;
  numbers->milliwatts = (unsigned)(1e3 * watts);
}

static void known_joules_of_nvml(void **state) {
  (void)state;
  set_nvml_energy(0, 0);
  finds_known_joules(open_nvml(), 0.1, set_nvml_energy);
  assert_int_equal(standin()->users, 0);
}

static void known_joules_of_an_nvml_without_a_counter(void **state) {
  (void)state;
  set_nvml_power(0, 20);
  struct meter *meter = open_nvml();
  assert_true(meter_lag(meter) == 1);
  finds_known_joules(meter, 0, set_nvml_power);
}

static void faults_of_nvml_are_named(void **state) {
  (void)state;
  struct nvml_standin *numbers = standin();
  has_none(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:02:00.0", "Not Found");
  numbers->fails_to_start = 1;
  has_none(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:01:00.0", "Driver Not Loaded");
  numbers = standin();
  numbers->has_energy = 0, numbers->has_no_power = 1;
  has_none(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:01:00.0", "Not Supported");
  has_none(NOWHERE, "libc.so.6", DEVICE_DISCRETE, "0000:01:00.0", "lacks functions");
  standin();
  struct meter *meter = open_nvml();
  numbers->lost = 1;
  read_fails(meter, "GPU is lost");
  numbers->lost = 0;
  numbers->millijoules--;
  read_fails(meter, "backwards");
  meter_close(meter);
  assert_int_equal(numbers->users, 0);
}

/* ---- the recorder */

static void recorder_sees_what_moves(void **state) {
  (void)state;
  put_text(HWMON "name", "xe\n");
  put(HWMON "energy1_input", 0);
  struct meter *meter = open_tree(DEVICE_DISCRETE);
  struct error err = {0};
  struct recorder *recorder = recorder_start(meter, &err);
  assert_non_null(recorder);
  for (uint64_t joules = 1; joules <= 20; joules++) {
    put(HWMON "energy1_input", 1000000 * joules);
    usleep(15000);
  }
  struct trace trace;
  assert_true(recorder_stop(recorder, &trace, &err));
  assert_true(trace.n >= 2);
  for (size_t i = 1; i < trace.n; i++) assert_true(trace.readings[i].at > trace.readings[i - 1].at);
  assert_true(trace.readings[trace.n - 1].value <= 20);
  free(trace.readings);
  meter_close(meter);
}

static void recorder_tells_of_a_file_that_vanishes(void **state) {
  (void)state;
  put_text(HWMON "name", "xe\n");
  put(HWMON "energy1_input", 0);
  struct meter *meter = open_tree(DEVICE_DISCRETE);
  struct error err = {0};
  char path[256];
  snprintf(path, sizeof path, "%s/" HWMON "energy1_input", folder);
  unlink(path);
  struct recorder *recorder = recorder_start(meter, &err);
  struct trace trace;
  assert_false(recorder_stop(recorder, &trace, &err));
  assert_non_null(strstr(err.text, "energy1_input"));
  assert_null(trace.readings);
  assert_false(recorder_stop(NULL, &trace, &err));
  meter_close(meter);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(meter_belongs_to_its_address),
      cmocka_unit_test(device_without_a_meter_has_a_reason),
      IN_FOLDER(known_joules_of_i915),
      IN_FOLDER(known_joules_of_xe),
      IN_FOLDER(known_joules_of_amdgpu),
      IN_FOLDER(known_joules_of_an_amdgpu_that_averages),
      IN_FOLDER(known_joules_of_rapl_over_a_wrap),
      IN_FOLDER(wrap_is_undone),
      IN_FOLDER(faults_of_a_file_are_named),
      IN_FOLDER(package_above_its_range_is_refused),
      IN_FOLDER(file_of_root_names_the_remedy),
      cmocka_unit_test(known_joules_of_nvml),
      cmocka_unit_test(known_joules_of_an_nvml_without_a_counter),
      cmocka_unit_test(faults_of_nvml_are_named),
      IN_FOLDER(recorder_sees_what_moves),
      IN_FOLDER(recorder_tells_of_a_file_that_vanishes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
