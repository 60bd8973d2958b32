#include "machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file.h"
#include "platform.h"

enum { PATH_BYTES = 512, MOST_BYTES = 1 << 20 };
static const long LOOK_NS = 200000000;   /* 20 jiffies of each processor at 100 Hz, the slowest kernels */

/* The file's text without its last line end, "" when there is none. */
static void read_text(const char *root, const char *path, char *out, size_t size) {
  char whole[PATH_BYTES];
  out[0] = '\0';
  if ((size_t)snprintf(whole, sizeof whole, "%s%s", root, path) >= sizeof whole) return;
  char *text = file_read(whole, MOST_BYTES, NULL, NULL);
  if (text) snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
  free(text);
}

/* NAN where the file holds no number. */
static double read_number(const char *root, const char *path, double unit) {
  char text[64], *end;
  read_text(root, path, text, sizeof text);
  double value = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(value) ? value * unit : NAN;
}

/* ---- processors */

/* The first line is "cpu user nice system idle iowait irq softirq steal ...": *busy is all but idle and iowait. */
static bool read_jiffies(const char *root, double *busy, double *all) {
  char line[512];
  double at[8] = {0};
  read_text(root, "/proc/stat", line, sizeof line);
  int n = sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &at[0], &at[1], &at[2], &at[3], &at[4], &at[5], &at[6],
                 &at[7]);
  if (n < 5) return false;
  *all = 0;
  for (int i = 0; i < n; i++) *all += at[i];
  *busy = *all - at[3] - at[4];
  return true;
}

static double read_busy(const char *root) {
  double busy[2], all[2];
  if (!read_jiffies(root, &busy[0], &all[0])) return NAN;
  nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
  if (!read_jiffies(root, &busy[1], &all[1]) || all[1] <= all[0]) return NAN;
  return fmin(fmax((busy[1] - busy[0]) / (all[1] - all[0]), 0), 1);
}

/* ---- folders of sysfs, whose entries have numbers of their own */

struct visit {
  const char *root, *path;
  void (*visit)(const char *root, const char *path, void *);
  void *to;
};

static void visit_entry(void *to, const char *name) {
  const struct visit *visit = to;
  char path[PATH_BYTES];
  if ((size_t)snprintf(path, sizeof path, "%s/%s", visit->path, name) < sizeof path)
    visit->visit(visit->root, path, visit->to);
}

/* Calls `visit` with "path/entry" for every entry of root/path but those that begin with a dot. */
static void each_entry(const char *root, const char *path,
                       void (*visit)(const char *root, const char *path, void *), void *to) {
  char whole[PATH_BYTES];
  if ((size_t)snprintf(whole, sizeof whole, "%s%s", root, path) >= sizeof whole) return;
  platform_each_entry(whole, visit_entry, &(struct visit){root, path, visit, to});
}

/* A battery that discharges is the source, whatever else is plugged in. */
static void visit_supply(const char *root, const char *path, void *to) {
  struct machine_state *state = to;
  char file[PATH_BYTES + 16], type[32], status[32];
  snprintf(file, sizeof file, "%s/type", path);
  read_text(root, file, type, sizeof type);
  snprintf(file, sizeof file, "%s/status", path);
  read_text(root, file, status, sizeof status);
  if (strcmp(type, "Battery") == 0 && strcmp(status, "Discharging") == 0) state->source = POWER_BATTERY;
  snprintf(file, sizeof file, "%s/online", path);
  if (strcmp(type, "Mains") == 0 && read_number(root, file, 1) == 1 && state->source == POWER_UNKNOWN)
    state->source = POWER_MAINS;
}

static void visit_monitor(const char *root, const char *path, void *to) {
  struct machine_state *state = to;
  const struct { const char *file; double unit; double *value; } sensors[] = {
    {"temp1_input", 1e-3, &state->device_celsius},
    {"freq1_input", 1, &state->device_clock_hz},
    {"power1_cap", 1e-6, &state->device_power_limit_w},
    {"power1_max", 1e-6, &state->device_power_limit_w},
  };
  for (size_t i = 0; i < sizeof sensors / sizeof sensors[0]; i++) {
    char file[PATH_BYTES + 16];
    snprintf(file, sizeof file, "%s/%s", path, sensors[i].file);
    double value = read_number(root, file, sensors[i].unit);
    if (isnan(*sensors[i].value)) *sensors[i].value = value;
  }
}

/* Drivers that let the processor choose its clock call that `powersave` too, and take a preference beside it
 * (admin-guide/pm/intel_pstate.rst, amd-pstate.rst): "powersave (balance_performance)". */
static void read_governor(const char *root, char *out, size_t size) {
  char governor[32], preference[32];
  read_text(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof governor);
  read_text(root, "/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", preference, sizeof preference);
  snprintf(out, size, *governor && *preference ? "%s (%s)" : "%s", governor, preference);
}

void machine_read(const char *root, const char *pci, struct machine_state *state) {
  *state = (struct machine_state){.device_celsius = NAN, .device_clock_hz = NAN, .device_power_limit_w = NAN};
  state->busy = read_busy(root);
  read_governor(root, state->governor, sizeof state->governor);
  read_text(root, "/sys/firmware/acpi/platform_profile", state->profile, sizeof state->profile);
  each_entry(root, "/sys/class/power_supply", visit_supply, state);
  char monitors[PATH_BYTES];
  snprintf(monitors, sizeof monitors, "/sys/bus/pci/devices/%s/hwmon", pci);
  if (*pci) each_entry(root, monitors, visit_monitor, state);
}

/* ---- remarks */

size_t machine_remarks(const struct machine_state *state, struct machine_remark *out, size_t max) {
  const double much = 0.1;   /* as wide as the interval that makes a row noisy */
  struct machine_remark all[4];
  size_t n = 0, kept = 0;
  if (state->busy > much) {
    snprintf(all[n].what, sizeof all[n].what, "the processors are %.0f %% busy with other work", 100 * state->busy);
    snprintf(all[n++].remedy, sizeof all[0].remedy, "stop other programs; `top` names them");
  }
  if (state->source == POWER_BATTERY) {
    snprintf(all[n].what, sizeof all[n].what, "the machine runs on its battery");
    snprintf(all[n++].remedy, sizeof all[0].remedy, "plug it in");
  }
  if (strcmp(state->governor, "powersave") == 0 || strcmp(state->governor, "powersave (power)") == 0) {
    snprintf(all[n].what, sizeof all[n].what, "the processors' frequency governor is `%s`", state->governor);
    snprintf(all[n++].remedy, sizeof all[0].remedy, "as root: cpupower frequency-set -g performance");
  }
  if (strcmp(state->profile, "low-power") == 0 || strcmp(state->profile, "quiet") == 0) {
    snprintf(all[n].what, sizeof all[n].what, "the platform's power profile is `%.60s`", state->profile);
    snprintf(all[n++].remedy, sizeof all[0].remedy, "powerprofilesctl set performance");
  }
  for (; kept < n && kept < max; kept++) out[kept] = all[kept];
  return kept;
}
