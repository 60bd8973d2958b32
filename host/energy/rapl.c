/* CPU devices, and integrated GPUs without a meter of their own: the packages of RAPL (running average power limit),
 * energy in uJ, added up over sockets.
 *
 *   <sysfs>/class/powercap/intel-rapl:<N>/{name, energy_uj, max_energy_range_uj}
 *   (Linux, Documentation/power/powercap)
 *
 * AMD processors have the same files under the same name. Zones called package-<N> are read; psys, the cores and the
 * memory (zones of their own, which packages do not hold) are not. The counter moves about every millisecond and wraps
 * at max_energy_range_uj: after 65 to 262 kJ, minutes at full load.
 *
 * Known faults. It is the whole package with all that runs on it: on a CPU device the idle power is that of the rest of
 * the machine, which must be quiet. Before Haswell it is modelled from activity, not measured (Hackenberg et al. 2013,
 * "Power measurement techniques on standard compute nodes"), on Zen 2 probably too (Schoene et al. 2021, "Energy
 * efficiency aspects of the AMD Zen 2 architecture"). energy_uj is readable by root only since Linux 5.10, because its
 * fine steps leak secrets (PLATYPUS, CVE-2020-8694); virtual machines and containers have none. */
#include <stdio.h>
#include <string.h>

#include "meter_kinds.h"
#include "platform.h"

static bool add_package(struct meter *meter, const char *zone, struct error *err) {
  char path[METER_PATH], name[64];
  if (snprintf(path, sizeof path, "%s/name", zone) >= (int)sizeof path || !sysfs_line(path, name, sizeof name) ||
      strncmp(name, "package-", strlen("package-")) != 0)
    return true;
  if (meter->n_sources == METER_SOURCES)
    return error_set(err, ERROR_UNSUPPORTED, "more than %d packages", METER_SOURCES);
  size_t i = meter->n_sources++;
  if (snprintf(path, sizeof path, "%s/max_energy_range_uj", zone) >= (int)sizeof path ||
      snprintf(meter->source[i].path, METER_PATH, "%s/energy_uj", zone) >= METER_PATH)
    return error_set(err, ERROR_INPUT, "the path '%s' is too long", zone);
  return sysfs_u64(path, &meter->source[i].counter.range, err);
}

struct search { struct meter *meter; const char *folder; bool ok; struct error *err; };

/* Zones of zones, intel-rapl:0:1, are parts of a package. */
static void look_at(void *of, const char *entry) {
  static const char prefix[] = "intel-rapl:";
  struct search *search = of;
  char zone[METER_PATH];
  if (!search->ok || strncmp(entry, prefix, strlen(prefix)) != 0 || strchr(entry + strlen(prefix), ':') ||
      snprintf(zone, sizeof zone, "%s/%s", search->folder, entry) >= (int)sizeof zone)
    return;
  search->ok = add_package(search->meter, zone, search->err);
}

static bool open_meter(struct meter *meter, const struct caps *caps, const struct meter_place *place,
                       struct error *err) {
  char folder[METER_PATH];
  struct search search = {meter, folder, true, err};
  if (snprintf(folder, sizeof folder, "%s/class/powercap", place->sysfs) >= (int)sizeof folder)
    return error_set(err, ERROR_INPUT, "the path '%s' is too long", place->sysfs);
  platform_each_entry(folder, look_at, &search);
  if (!search.ok) return false;
  if (!meter->n_sources)
    return error_set(err, ERROR_UNSUPPORTED, "no package under %s; virtual machines and containers have none, else "
                     "load the kernel module intel_rapl_msr", folder);
  snprintf(meter->name, sizeof meter->name, "RAPL, %zu package%s%s", meter->n_sources, meter->n_sources > 1 ? "s" : "",
           caps->type == DEVICE_CPU ? "" : ", the CPU included");
  return true;
}

static bool read_meter(struct meter *meter, double *value, struct error *err) {
  *value = 0;
  for (size_t i = 0; i < meter->n_sources; i++) {
    uint64_t microjoules;
    if (!sysfs_u64(meter->source[i].path, &microjoules, err) ||
        !counter_step(&meter->source[i].counter, microjoules, 1e-6, err))
      return false;
    *value += meter->source[i].counter.joules;
  }
  return true;
}

const struct meter_kind meter_rapl = {.name = "RAPL", .open = open_meter, .read = read_meter};
