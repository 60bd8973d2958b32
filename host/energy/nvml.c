/* NVIDIA GPUs: NVML, the library of the driver, opened at run time.
 *
 *   nvmlDeviceGetTotalEnergyConsumption   mJ since the driver was loaded; Volta and newer (NVML API reference). It
 *                                         moves every 20 to 100 ms (PETSc, PetscLogGpuEnergyMeter; ml.energy blog): a
 *                                         window shorter than a step reads 0 (Zeus 0.6.1 release note), so windows are
 *                                         long and cut at its steps.
 *   nvmlDeviceGetPowerUsage               mW, where there is no counter: at once before Ampere and on GA100, else a
 *                                         mean over one second (NVML API reference); integrated, without the first
 *                                         second after each change of load.
 *
 * Known faults. The sensors of A100 and H100 look at about a quarter of the time (25 of 100 ms; Yang et al. 2023,
 * "Part-time power measurements", arXiv 2312.02741): a load that repeats at that period is misjudged, so windows begin
 * at shifted phases and are repeated. Accurate to about 5 % (same paper). With MIG the board is counted, not the
 * slice. */
#include <stdio.h>
#include <stdlib.h>

#include "meter_kinds.h"
#include "platform.h"

typedef void *nvml_device;   /* their handle is a pointer to something of theirs */
enum { NVML_SUCCESS = 0 };   /* NVML API reference, nvmlReturn_t */

struct nvml {
  nvml_device device;
  bool open;
  int (*init)(void);
  int (*shutdown)(void);
  const char *(*error)(int);
  int (*by_pci)(const char *, nvml_device *);
  int (*energy)(nvml_device, unsigned long long *);
  int (*power)(nvml_device, unsigned *);
};

/* ISO C knows no conversion from a pointer to a function, hence through memory. */
static bool find(const char *library, const char *name, void *function) {
  *(void **)function = platform_symbol(library, name);
  return *(void **)function != NULL;
}

static bool load(struct nvml *nvml, const char *library, struct error *err) {
  bool whole = find(library, "nvmlInit_v2", &nvml->init) && find(library, "nvmlShutdown", &nvml->shutdown) &&
               find(library, "nvmlErrorString", &nvml->error) &&
               find(library, "nvmlDeviceGetHandleByPciBusId_v2", &nvml->by_pci);
  find(library, "nvmlDeviceGetTotalEnergyConsumption", &nvml->energy);
  find(library, "nvmlDeviceGetPowerUsage", &nvml->power);
  return whole || error_set(err, ERROR_UNSUPPORTED, "%s is not here, or lacks functions of NVML; NVIDIA's own driver "
                            "brings it", library);
}

static bool check(const struct nvml *nvml, int code, const char *what, struct error *err) {
  if (code == NVML_SUCCESS) return true;
  const char *text = nvml->error(code);
  return error_set(err, ERROR_UNSUPPORTED, "%s failed: %.200s", what, text ? text : "no text");
}

static bool choose_reading(struct meter *meter, struct error *err) {
  struct nvml *nvml = meter->nvml;
  unsigned long long millijoules;
  unsigned milliwatts;
  if (nvml->energy && nvml->energy(nvml->device, &millijoules) == NVML_SUCCESS) {
    snprintf(meter->name, sizeof meter->name, "NVML energy counter");
    return true;
  }
  nvml->energy = NULL;
  if (!nvml->power)
    return error_set(err, ERROR_UNSUPPORTED, "this GPU has neither an energy counter nor a power reading");
  if (!check(nvml, nvml->power(nvml->device, &milliwatts), "reading power", err)) return false;
  snprintf(meter->name, sizeof meter->name, "NVML power");
  meter->unit = METER_WATTS;
  meter->lag_s = 1.0;
  return true;
}

static bool open_meter(struct meter *meter, const struct caps *caps, const struct meter_place *place,
                       struct error *err) {
  struct nvml *nvml = meter->nvml = calloc(1, sizeof *nvml);
  if (!nvml) return error_set(err, ERROR_MEMORY, "out of memory");
  if (!load(nvml, place->nvml, err) || !check(nvml, nvml->init(), "starting NVML", err)) return false;
  nvml->open = true;
  return check(nvml, nvml->by_pci(caps->pci, &nvml->device), "finding the device by its PCI address", err) &&
         choose_reading(meter, err);
}

static bool read_meter(struct meter *meter, double *value, struct error *err) {
  struct nvml *nvml = meter->nvml;
  if (nvml->energy) {
    unsigned long long millijoules = 0;
    if (!check(nvml, nvml->energy(nvml->device, &millijoules), "reading the energy counter", err) ||
        !counter_step(&meter->source[0].counter, millijoules, 1e-3, err))
      return false;
    *value = meter->source[0].counter.joules;
    return true;
  }
  unsigned milliwatts = 0;
  if (!check(nvml, nvml->power(nvml->device, &milliwatts), "reading power", err)) return false;
  *value = 1e-3 * milliwatts;
  return true;
}

static void close_meter(struct meter *meter) {
  struct nvml *nvml = meter->nvml;
  if (!nvml) return;
  if (nvml->open) nvml->shutdown();
  free(nvml);
}

const struct meter_kind meter_nvml = {.name = "NVML", .open = open_meter, .read = read_meter, .close = close_meter};
