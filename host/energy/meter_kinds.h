/* What the kinds of meter share, seen by this folder only. */
#ifndef METER_KINDS_H
#define METER_KINDS_H

#include <stddef.h>
#include <stdint.h>

#include "meter.h"

enum { METER_PATH = 1024, METER_SOURCES = 8 };   /* sockets of one machine */

/* A hardware counter undone of its wraps. */
struct counter {
  uint64_t range;     /* its largest value, after which it begins at 0 again; 0: it never wraps */
  uint64_t last;
  double joules;      /* since the first reading */
  bool begun;
};
/* Takes the next reading of `unit` joules a step. False: above its range, or backwards where it cannot have wrapped. */
bool counter_step(struct counter *, uint64_t raw, double unit, struct error *);

struct nvml;

struct meter {
  const struct meter_kind *kind;
  char name[192];
  enum meter_unit unit;
  double lag_s;
  struct { char path[METER_PATH]; struct counter counter; } source[METER_SOURCES];
  size_t n_sources;
  struct nvml *nvml;
};

struct meter_kind {
  const char *name;
  /* Fills name, unit, lag_s and what `read` needs. False with the reason, in words that follow a colon; it is then
   * closed by the caller. */
  bool (*open)(struct meter *, const struct caps *, const struct meter_place *, struct error *);
  bool (*read)(struct meter *, double *value, struct error *);
  void (*close)(struct meter *);   /* NULL: nothing to do */
};
extern const struct meter_kind meter_nvml, meter_amdgpu, meter_intel, meter_rapl;

/* ---- sysfs */

/* A file that holds one whole number. Missing, unreadable, empty or anything else is an error that names the file. */
bool sysfs_u64(const char *path, uint64_t *out, struct error *);
/* Its first line without white space around it; false without a word when it cannot be read or does not fit. */
bool sysfs_line(const char *path, char *out, size_t size);
/* The folder <sysfs>/bus/pci/devices/<pci>/hwmon/hwmon<n> whose `name` is one of `names` (ended by NULL); the name it
 * has in *found. False: there is none. */
bool sysfs_hwmon(const char *sysfs, const char *pci, const char *const *names, char out[METER_PATH],
                 const char **found);

#endif
