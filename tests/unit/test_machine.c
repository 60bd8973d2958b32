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
#include "machine.h"

static char root[] = "/tmp/test_machine_XXXXXX";

static int make_root(void **state) {
  (void)state;
  return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  return system(command);
}

static int empty_root(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -rf '%s'/*", root);
  return system(command);
}

static void put(const char *path, const char *text) {
  char whole[512], folder[512];
  struct error err = {0};
  snprintf(whole, sizeof whole, "%s%s", root, path);
  snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(whole, '/') - whole), whole);
  if (!file_make_folders(folder, &err) || !file_write(whole, text, strlen(text), true, &err)) fail_msg("%s", err.text);
}

static const char pci[] = "0000:03:00.0";

static void what_nothing_tells_is_unknown(void **state) {
  (void)state;
  struct machine_state is;
  struct machine_remark remark[4];
  machine_read(root, pci, &is);
  assert_true(isnan(is.busy));
  assert_true(isnan(is.device_celsius) && isnan(is.device_clock_hz) && isnan(is.device_power_limit_w));
  assert_string_equal(is.governor, "");
  assert_string_equal(is.profile, "");
  assert_int_equal(is.source, POWER_UNKNOWN);
  assert_int_equal(machine_remarks(&is, remark, 4), 0);
}

static void the_sensors_of_the_device_are_read_in_si_units(void **state) {
  (void)state;
  struct machine_state is;
  put("/sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon7/temp1_input", "46000\n");
  put("/sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon7/freq1_input", "2482000000\n");
  put("/sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon7/power1_cap", "303000000\n");
  put("/sys/bus/pci/devices/0000:04:00.0/hwmon/hwmon8/temp1_input", "90000\n");
  machine_read(root, pci, &is);
  assert_true(is.device_celsius == 46 && is.device_clock_hz == 2.482e9);
  assert_true(fabs(is.device_power_limit_w - 303) < 1e-9);
  machine_read(root, "", &is);
  assert_true(isnan(is.device_celsius));
}

static void what_is_no_number_is_unknown(void **state) {
  (void)state;
  struct machine_state is;
  put("/sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon7/temp1_input", "46000 degrees\n");
  put("/sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon7/freq1_input", "nan\n");
  put("/sys/bus/pci/devices/0000:03:00.0/hwmon/hwmon7/power1_cap", "");
  put("/proc/stat", "cpu lots\n");
  machine_read(root, pci, &is);
  assert_true(isnan(is.device_celsius) && isnan(is.device_clock_hz) && isnan(is.device_power_limit_w));
  assert_true(isnan(is.busy));
}

static void a_battery_that_discharges_is_the_source(void **state) {
  (void)state;
  struct machine_state is;
  put("/sys/class/power_supply/AC/type", "Mains\n");
  put("/sys/class/power_supply/AC/online", "1\n");
  machine_read(root, "", &is);
  assert_int_equal(is.source, POWER_MAINS);
  put("/sys/class/power_supply/BAT0/type", "Battery\n");
  put("/sys/class/power_supply/BAT0/status", "Charging\n");
  machine_read(root, "", &is);
  assert_int_equal(is.source, POWER_MAINS);
  put("/sys/class/power_supply/BAT0/status", "Discharging\n");
  machine_read(root, "", &is);
  assert_int_equal(is.source, POWER_BATTERY);
}

static void a_governor_that_leaves_the_clock_to_the_processor_tells_its_preference(void **state) {
  (void)state;
  struct machine_state is;
  struct machine_remark remark[4];
  put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
  machine_read(root, "", &is);
  assert_string_equal(is.governor, "powersave");
  assert_int_equal(machine_remarks(&is, remark, 4), 1);
  put("/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", "balance_performance\n");
  machine_read(root, "", &is);
  assert_string_equal(is.governor, "powersave (balance_performance)");
  assert_int_equal(machine_remarks(&is, remark, 4), 0);
  put("/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", "power\n");
  machine_read(root, "", &is);
  assert_int_equal(machine_remarks(&is, remark, 4), 1);
}

/* A processor that did nothing between the two looks of a standing file says nothing at all. */
static void standing_jiffies_tell_no_load(void **state) {
  (void)state;
  struct machine_state is;
  put("/proc/stat", "cpu  100 0 50 1000 10 0 0 0 0 0\ncpu0 1 2 3 4\n");
  machine_read(root, "", &is);
  assert_true(isnan(is.busy));
}

static void the_load_of_this_machine_is_a_share(void **state) {
  (void)state;
  struct machine_state is;
  machine_read("", "", &is);
  if (access("/proc/stat", R_OK) == 0) assert_true(is.busy >= 0 && is.busy <= 1);
}

static void each_trouble_has_its_remedy(void **state) {
  (void)state;
  const struct machine_state calm = {.busy = 0.05, .governor = "performance", .profile = "balanced",
                                     .source = POWER_MAINS};
  struct machine_state busy = calm, battery = calm, governor = calm, profile = calm, all;
  struct machine_remark remark[4];
  assert_int_equal(machine_remarks(&calm, remark, 4), 0);
  busy.busy = 0.5;
  battery.source = POWER_BATTERY;
  strcpy(governor.governor, "powersave");
  strcpy(profile.profile, "low-power");
  const struct { const struct machine_state *state; const char *word; } cases[] = {
    {&busy, "50 %"}, {&battery, "battery"}, {&governor, "powersave"}, {&profile, "low-power"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(machine_remarks(cases[i].state, remark, 4), 1);
    assert_non_null(strstr(remark[0].what, cases[i].word));
    assert_true(remark[0].remedy[0]);
  }
  all = (struct machine_state){.busy = 1, .governor = "powersave", .profile = "quiet", .source = POWER_BATTERY};
  assert_int_equal(machine_remarks(&all, remark, 4), 4);
  assert_int_equal(machine_remarks(&all, remark, 2), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(what_nothing_tells_is_unknown, empty_root),
    cmocka_unit_test_setup(the_sensors_of_the_device_are_read_in_si_units, empty_root),
    cmocka_unit_test_setup(what_is_no_number_is_unknown, empty_root),
    cmocka_unit_test_setup(a_battery_that_discharges_is_the_source, empty_root),
    cmocka_unit_test_setup(a_governor_that_leaves_the_clock_to_the_processor_tells_its_preference, empty_root),
    cmocka_unit_test_setup(standing_jiffies_tell_no_load, empty_root),
    cmocka_unit_test(the_load_of_this_machine_is_a_share),
    cmocka_unit_test(each_trouble_has_its_remedy),
  };
  return cmocka_run_group_tests(tests, make_root, remove_root);
}
