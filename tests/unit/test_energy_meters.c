/* Every kind of meter on a tree of sysfs files (tests/fixtures/sysfs, or one whose files move) and on a stand-in for
 * NVML: which device it is found for, what it reads, and that no fault of it becomes a number. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "meter_tree.h"

#define TREE(name) SOURCE_DIR "/tests/fixtures/sysfs/" name

static void reads(const char *sysfs, enum device_type type, const char *pci, enum meter_unit unit, double value,
                  const char *name) {
  struct error err;
  struct meter *meter = meter_at(sysfs, NOWHERE, type, pci, &err);
  if (!meter) fail_msg("%s", err.text);
  double got = NAN;
  assert_true(meter_read(meter, &got, &err));
  assert_int_equal(meter_unit(meter), unit);
  assert_true(fabs(got - value) < 1e-9);
  if (strncmp(meter_name(meter), name, strlen(name)) != 0) fail_msg("'%s'", meter_name(meter));
  assert_non_null(strstr(meter_name(meter), "stand-in"));
  meter_close(meter);
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
  meter_is_none(TREE("amdgpu"), NOWHERE, DEVICE_DISCRETE, "0000:04:00.0", "no hwmon");
  meter_is_none(TREE("amdgpu"), NOWHERE, DEVICE_DISCRETE, "0000:0b:00.0", "power1_average");
  meter_is_none(TREE("amdgpu"), NOWHERE, DEVICE_DISCRETE, "", "PCI address");
  meter_is_none(TREE("rapl"), NOWHERE, DEVICE_DISCRETE, PCI, "NVML: /nonexistent is not here");
  meter_is_none(NOWHERE, NOWHERE, DEVICE_CPU, "", "virtual machines");
  meter_is_none(TREE("i915"), NOWHERE, DEVICE_CPU, "", "no package");
}

/* ---- faults */

static void faults_of_a_file_are_named(void **state) {
  (void)state;
  tree_put_text(HWMON "name", "xe\n");
  tree_put(HWMON "energy1_input", 1000);
  struct meter *meter = meter_of_tree(DEVICE_DISCRETE);
  static const char *const garbage[] = {"", "\n", "abc\n", "12 34\n", "-5\n", "1e9\n", "0x10\n", "nan\n",
                                        "18446744073709551616\n",
                                        "1111111111111111111111111111111111111111111111111111111111111111111111111\n"};
  for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
    tree_put_text(HWMON "energy1_input", garbage[i]);
    meter_read_fails(meter, "no whole number");
  }
  tree_put(HWMON "energy1_input", 999);
  meter_read_fails(meter, "backwards");
  char path[256];
  snprintf(path, sizeof path, "%s/" HWMON "energy1_input", tree_folder);
  unlink(path);
  meter_read_fails(meter, "energy1_input");
  meter_close(meter);
}

static void package_above_its_range_is_refused(void **state) {
  (void)state;
  tree_put_text(PACKAGE "name", "package-0\n");
  tree_put(PACKAGE "max_energy_range_uj", 1000);
  tree_put(PACKAGE "energy_uj", 1001);
  meter_is_none(tree_folder, NOWHERE, DEVICE_CPU, "", "above its range");
  tree_put_text(PACKAGE "max_energy_range_uj", "lots\n");
  meter_is_none(tree_folder, NOWHERE, DEVICE_CPU, "", "no whole number");
}

static void file_of_root_names_the_remedy(void **state) {
  (void)state;
  if (geteuid() == 0) skip();   /* root may read everything */
  tree_put_text(PACKAGE "name", "package-0\n");
  tree_put(PACKAGE "max_energy_range_uj", RANGE);
  tree_put(PACKAGE "energy_uj", 5);
  char path[256];
  snprintf(path, sizeof path, "%s/" PACKAGE "energy_uj", tree_folder);
  assert_int_equal(chmod(path, 0), 0);
  meter_is_none(tree_folder, NOWHERE, DEVICE_CPU, "", "run as root");
}

static void faults_of_nvml_are_named(void **state) {
  (void)state;
  struct nvml_standin *numbers = nvml_answers();
  meter_is_none(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:02:00.0", "Not Found");
  numbers->fails_to_start = 1;
  meter_is_none(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:01:00.0", "Driver Not Loaded");
  numbers = nvml_answers();
  numbers->has_energy = 0, numbers->has_no_power = 1;
  meter_is_none(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:01:00.0", "Not Supported");
  meter_is_none(NOWHERE, "libc.so.6", DEVICE_DISCRETE, "0000:01:00.0", "lacks functions");
  nvml_answers();
  struct meter *meter = meter_of_nvml();
  numbers->lost = 1;
  meter_read_fails(meter, "GPU is lost");
  numbers->lost = 0;
  numbers->millijoules--;
  meter_read_fails(meter, "backwards");
  meter_close(meter);
  assert_int_equal(numbers->users, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(meter_belongs_to_its_address),
      cmocka_unit_test(device_without_a_meter_has_a_reason),
      IN_TREE(faults_of_a_file_are_named),
      IN_TREE(package_above_its_range_is_refused),
      IN_TREE(file_of_root_names_the_remedy),
      cmocka_unit_test(faults_of_nvml_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
