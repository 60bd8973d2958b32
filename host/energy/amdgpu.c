/* AMD GPUs: the amdgpu kernel driver's hwmon, power in uW.
 *
 *   power1_average   averaged by the firmware, over a time that is not documented
 *   power1_input     at once; which of the two an ASIC has depends on it, some have both
 *   (Linux, Documentation/gpu/amdgpu/thermal)
 *
 * There is no energy counter, so power is read 100 times a second and integrated. `power1_input` goes first: an average
 * over an unknown time lags behind the load. Where only the average is there, the first second after each change of
 * load is left out: long against the firmware's own control loop, which works in milliseconds, but not proved for all.
 *
 * Known faults. On an APU the reading is of the whole SoC, its CPU cores included, and a dGPU's leaves out what is not
 * on the ASIC's rails (fans, losses of the converters): compare net figures, not gross ones, between machines. A
 * reading while the GPU sleeps (runtime power management) wakes it, or fails with EPERM: the idle power here is that of
 * a GPU that is awake. */
#include <stdio.h>

#include "meter_kinds.h"

static const double AVERAGE_S = 1.0;

static bool open_meter(struct meter *meter, const struct caps *caps, const struct meter_place *place,
                       struct error *err) {
  static const char *const names[] = {"amdgpu", NULL}, *const files[] = {"power1_input", "power1_average"};
  char folder[METER_PATH];
  const char *found;
  if (!sysfs_hwmon(place->sysfs, caps->pci, names, folder, &found))
    return error_set(err, ERROR_UNSUPPORTED, "no hwmon of that name at %s", caps->pci);
  for (int f = 0; f < 2; f++) {
    uint64_t ignored;
    int length = snprintf(meter->source[0].path, METER_PATH, "%s/%s", folder, files[f]);
    if (length >= METER_PATH || !sysfs_u64(meter->source[0].path, &ignored, err)) continue;
    *err = (struct error){0};
    snprintf(meter->name, sizeof meter->name, "amdgpu %s%s", files[f],
             caps->type == DEVICE_INTEGRATED ? ", the CPU included" : "");
    meter->unit = METER_WATTS;
    meter->lag_s = f ? AVERAGE_S : 0;
    return true;
  }
  return err->kind != ERROR_NONE ? false : error_set(err, ERROR_UNSUPPORTED, "it has no power reading");
}

static bool read_meter(struct meter *meter, double *value, struct error *err) {
  uint64_t microwatts;
  if (!sysfs_u64(meter->source[0].path, &microwatts, err)) return false;
  *value = 1e-6 * (double)microwatts;
  return true;
}

const struct meter_kind meter_amdgpu = {.name = "amdgpu", .open = open_meter, .read = read_meter};
