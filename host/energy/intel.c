/* Discrete Intel GPUs: the hwmon of the i915 and xe kernel drivers, energy in uJ.
 *
 *   i915  energy1_input          the whole device; Linux 6.2 (Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon).
 *                                Tiles have an hwmon of their own, "i915_gt<N>": parts of it, not used.
 *   xe    energy1_input          the card; Linux 6.5 (.../sysfs-driver-intel-xe-hwmon)
 *         energy2_input          the package; Linux 6.8. Used where there is no other, and the meter's name says so: it
 *                                leaves the memory out.
 *
 * The register behind it has 32 bits: at a usual scale it wraps every 4.36 minutes at 1000 W. The kernel adds up over
 * wraps as long as the file is read more often than that (comment at hwm_energy in drivers/gpu/drm/i915/i915_hwmon.c);
 * here it is read 100 times a second, so what is seen never wraps, and a step back is a fault.
 *
 * Known faults. Each reading wakes a sleeping GPU (the driver takes a runtime power reference): the idle power is that
 * of one that is awake. Integrated GPUs have no such file; their energy is in the CPU package (rapl.c). */
#include <stdio.h>
#include <string.h>

#include "meter_kinds.h"

static bool open_meter(struct meter *meter, const struct caps *caps, const struct meter_place *place,
                       struct error *err) {
  static const char *const names[] = {"xe", "i915", NULL};
  static const struct { const char *file, *what; } files[] = {
    {"energy1_input", ""}, {"energy2_input", ", package only"}};
  char folder[METER_PATH];
  const char *found;
  if (!sysfs_hwmon(place->sysfs, caps->pci, names, folder, &found))
    return error_set(err, ERROR_UNSUPPORTED, "no hwmon of i915 or xe at %s", caps->pci);
  int n = strcmp(found, "xe") == 0 ? 2 : 1;
  for (int f = 0; f < n; f++) {
    uint64_t ignored;
    int length = snprintf(meter->source[0].path, METER_PATH, "%s/%s", folder, files[f].file);
    if (length >= METER_PATH || !sysfs_u64(meter->source[0].path, &ignored, err)) continue;
    *err = (struct error){0};
    snprintf(meter->name, sizeof meter->name, "%s energy counter%s", found, files[f].what);
    return true;
  }
  return err->kind != ERROR_NONE ? false : error_set(err, ERROR_UNSUPPORTED, "%s has no energy counter", found);
}

static bool read_meter(struct meter *meter, double *value, struct error *err) {
  uint64_t microjoules;
  if (!sysfs_u64(meter->source[0].path, &microjoules, err) ||
      !counter_step(&meter->source[0].counter, microjoules, 1e-6, err))
    return false;
  *value = meter->source[0].counter.joules;
  return true;
}

const struct meter_kind meter_intel = {.name = "i915/xe", .open = open_meter, .read = read_meter};
