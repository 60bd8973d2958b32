/* The energy meter of a device: one interface, one file per kind of meter (nvml.c, amdgpu.c, intel.c, rapl.c), each of
 * which says what its numbers are, how often they change and what is known to be wrong with them.
 *
 * A meter belongs to a device by its PCI address, or to a CPU device by being the CPU's: never by name or order. Where
 * there is none the reason is said in words; 0 is not a value that stands for "unknown". */
#ifndef METER_H
#define METER_H

#include <stdbool.h>

#include "caps.h"
#include "error.h"

/* Where to look. Tests name a tree of files and a library of their own. */
struct meter_place {
  const char *sysfs;   /* "/sys" */
  const char *nvml;    /* "libnvidia-ml.so.1", for dlopen */
};
/* This machine's, or what the environment variables VKPARETO_SYSFS and VKPARETO_NVML name: a meter found there carries
 * the place in its name, so that no stand-in passes for a measurement. */
struct meter_place meter_place_here(void);

/* Both kinds are read through one function; what is read differs. */
enum meter_unit {
  METER_JOULES,   /* joules since some moment before the first reading; wraps of the hardware's counter are undone */
  METER_WATTS,    /* power now, or averaged over the last lag_s */
};

struct meter;
/* NULL with "no meter: ..." (ERROR_UNSUPPORTED) when the device has none that can be read. */
struct meter *meter_open(const struct caps *, const struct meter_place *, struct error *);
void meter_close(struct meter *);                    /* NULL is fine */
const char *meter_name(const struct meter *);        /* what a result carries: "NVML energy counter" */
enum meter_unit meter_unit(const struct meter *);
double meter_lag(const struct meter *);              /* seconds that a reading looks back on; 0 for counters */
/* Read at least every few minutes: a counter that wraps twice between two readings cannot be told. One thread. */
bool meter_read(struct meter *, double *value, struct error *);

#endif
