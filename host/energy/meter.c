#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter_kinds.h"

static const char SYSFS[] = "/sys", NVML[] = "libnvidia-ml.so.1";

static const char *from_environment(const char *variable, const char *preset) {
  const char *value = getenv(variable);
  return value && *value ? value : preset;
}

struct meter_place meter_place_here(void) {
  return (struct meter_place){from_environment("VKPARETO_SYSFS", SYSFS), from_environment("VKPARETO_NVML", NVML)};
}

/* In this order: a kernel driver's own meter needs no library, and an integrated GPU without one shares the CPU's. */
static const struct meter_kind *const kinds[] = {&meter_amdgpu, &meter_intel, &meter_nvml, &meter_rapl};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool applies(const struct meter_kind *kind, const struct caps *caps) {
  if (kind == &meter_rapl) return caps->type == DEVICE_CPU || caps->type == DEVICE_INTEGRATED;
  return caps->type != DEVICE_CPU && caps->pci[0];
}

static void name_place(struct meter *meter, const struct meter_place *place) {
  size_t used = strlen(meter->name);
  const char *other = meter->kind == &meter_nvml ? (strcmp(place->nvml, NVML) == 0 ? NULL : place->nvml)
                                                 : (strcmp(place->sysfs, SYSFS) == 0 ? NULL : place->sysfs);
  if (other) snprintf(meter->name + used, sizeof meter->name - used, " (stand-in: %s)", other);
}

static struct meter *try_kind(const struct meter_kind *kind, const struct caps *caps, const struct meter_place *place,
                              struct error *err) {
  struct meter *meter = calloc(1, sizeof *meter);
  if (!meter) {
    error_set(err, ERROR_MEMORY, "out of memory");
    return NULL;
  }
  meter->kind = kind;
  double first;
  if (kind->open(meter, caps, place, err) && kind->read(meter, &first, err)) {
    name_place(meter, place);
    return meter;
  }
  meter_close(meter);
  return NULL;
}

struct meter *meter_open(const struct caps *caps, const struct meter_place *place, struct error *err) {
  char why[900] = "";
  size_t used = 0;
  for (size_t k = 0; k < KINDS; k++) {
    if (!applies(kinds[k], caps)) continue;
    struct error reason = {0};
    struct meter *meter = try_kind(kinds[k], caps, place, &reason);
    if (meter) return meter;
    if (used < sizeof why)
      used += (size_t)snprintf(why + used, sizeof why - used, "%s%s: %s", used ? "; " : "", kinds[k]->name,
                               reason.text);
  }
  error_set(err, ERROR_UNSUPPORTED, "no meter: %s",
            *why ? why : "the driver does not tell the device's PCI address, by which meters are found");
  return NULL;
}

void meter_close(struct meter *meter) {
  if (meter && meter->kind->close) meter->kind->close(meter);
  free(meter);
}

const char *meter_name(const struct meter *meter) { return meter->name; }
enum meter_unit meter_unit(const struct meter *meter) { return meter->unit; }
double meter_lag(const struct meter *meter) { return meter->lag_s; }
bool meter_read(struct meter *meter, double *value, struct error *err) { return meter->kind->read(meter, value, err); }
