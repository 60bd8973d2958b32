#include "meter_tree.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "file.h"

const char NOWHERE[] = "/nonexistent", PCI[] = "0000:03:00.0";
const uint64_t RANGE = 262143328850;

/* ---- the tree */

char tree_folder[64];

int tree_make(void **state) {
  (void)state;
  snprintf(tree_folder, sizeof tree_folder, "/tmp/test_energy_XXXXXX");
  return mkdtemp(tree_folder) ? 0 : -1;
}

int tree_remove(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", tree_folder);
  return system(command);
}

void tree_put_text(const char *path, const char *text) {
  char full[512], fresh[520];
  struct error err = {0};
  snprintf(full, sizeof full, "%s/%s", tree_folder, path);
  snprintf(fresh, sizeof fresh, "%s", full);
  *strrchr(fresh, '/') = '\0';
  assert_true(file_make_folders(fresh, &err));
  snprintf(fresh, sizeof fresh, "%s.new", full);
  FILE *file = fopen(fresh, "w");   /* renamed, so that a reader sees the old or the new; thousands of times: no sync */
  assert_true(file && fputs(text, file) >= 0 && fclose(file) == 0 && rename(fresh, full) == 0);
}

void tree_put(const char *path, uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64 "\n", value);
  tree_put_text(path, text);
}

/* ---- meters */

struct meter *meter_at(const char *sysfs, const char *nvml, enum device_type type, const char *pci,
                       struct error *err) {
  struct caps caps = {.type = type};
  snprintf(caps.pci, sizeof caps.pci, "%s", pci);
  *err = (struct error){0};
  const struct meter_place place = {sysfs, nvml};
  return meter_open(&caps, &place, err);
}

struct meter *meter_of_tree(enum device_type type) {
  struct error err;
  struct meter *meter = meter_at(tree_folder, NOWHERE, type, PCI, &err);
  if (!meter) fail_msg("%s", err.text);
  return meter;
}

struct nvml_standin *nvml_answers(void) {
  void *library = dlopen(NVML_STANDIN, RTLD_NOW | RTLD_LOCAL);
  assert_non_null(library);
  struct nvml_standin *numbers = dlsym(library, "nvml_standin");
  assert_non_null(numbers);
  *numbers = (struct nvml_standin){.has_energy = 1, .millijoules = 12345678, .milliwatts = 20000,
                                   .users = numbers->users};
  return numbers;
}

struct meter *meter_of_nvml(void) {
  struct error err;
  struct meter *meter = meter_at(NOWHERE, NVML_STANDIN, DEVICE_DISCRETE, "0000:01:00.0", &err);
  if (!meter) fail_msg("%s", err.text);
  return meter;
}

void meter_is_none(const char *sysfs, const char *nvml, enum device_type type, const char *pci, const char *says) {
  struct error err;
  assert_null(meter_at(sysfs, nvml, type, pci, &err));
  assert_int_equal(err.kind, ERROR_UNSUPPORTED);
  if (strncmp(err.text, "no meter: ", 10) != 0 || !strstr(err.text, says))
    fail_msg("'%s' says no '%s'", err.text, says);
}

void meter_read_fails(struct meter *meter, const char *says) {
  double value;
  struct error err = {0};
  assert_false(meter_read(meter, &value, &err));
  if (!strstr(err.text, says)) fail_msg("'%s' does not say '%s'", err.text, says);
}
