/* What a run leaves behind: the result file in memory (vkpareto.result/1, DESIGN section 8). Written by
 * bench, read by cost, select, compare, emit. Unknown numbers are NAN in memory and null in the file. */
#ifndef RESULT_H
#define RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caps.h"
#include "codegen.h"
#include "error.h"
#include "json.h"
#include "kernel.h"

enum status {
  STATUS_OK, STATUS_NOISY,                                          /* carry a time */
  STATUS_UNSUPPORTED, STATUS_NOT_BUILT, STATUS_SKIPPED, STATUS_WRONG, STATUS_FAILED,
  STATUS_TIMEOUT, STATUS_LOST, STATUS_IMPLAUSIBLE,                  /* carry a reason */
  STATUS_COUNT,
};
extern const char *const status_names[STATUS_COUNT];
static inline bool status_has_time(enum status s) { return s == STATUS_OK || s == STATUS_NOISY; }

struct sample_summary {
  double median, p10, p90;   /* ns per run of the op */
  double lo, hi;             /* 95 % interval of the median, by stats_bootstrap over rounds */
  uint32_t samples, rounds;
  bool gpu_clock;            /* else host clock */
};

struct result_error {        /* of the verification of the timed shape */
  double nmse, max_abs;
  double tolerance;          /* the bound at the element where |error| / bound was largest */
  uint64_t elements;
};

struct result_energy {       /* per run of the op; 0 windows: not measured, all NAN */
  double gross, gross_error; /* J: all that the meter saw, and half of a 95 % interval */
  double net, net_error;     /* J above idle */
  double idle_watts, run_ns; /* run_ns: of the windows, gaps between submissions included */
  uint32_t windows;
  char meter[192];
};
extern const struct result_energy result_energy_unknown;

struct result_row {
  char *id, *op, *technique, *variant;      /* owned by the result */
  int64_t dim[KERNEL_DIMS];                 /* by the family's dims */
  const struct family *family;              /* NULL: an op this build does not know; the row is kept for compare */
  enum kernel_mode mode;
  char *tuning_names[KERNEL_TUNABLES];
  int32_t tuning[KERNEL_TUNABLES];
  size_t n_tuning;
  bool tuned;
  enum status status;
  char *reason;                             /* NULL when there is none */
  uint32_t windows;
  struct sample_summary time;               /* valid when status_has_time */
  double flops, bytes;
  double roofline;                          /* share of the ceiling reached, NAN unknown */
  bool memory_bound;
  struct result_error error;                /* elements 0: not verified */
  uint64_t memory;                          /* device bytes allocated for the row, 0 unknown */
  struct compile_time compile;              /* making its pipelines, and what their first run took longer */
  struct codegen codegen;                   /* of the worst of its pipelines */
  char *codegen_reason;                     /* why it is unknown; NULL when it is known, or nobody said */
  struct result_energy energy;
  char *energy_reason;                      /* why it was not measured; NULL where it was */
};

/* What beside the kernels decides how fast a machine runs (host/machine reads it). NAN, "", POWER_UNKNOWN: not told. */
enum power_source { POWER_UNKNOWN, POWER_MAINS, POWER_BATTERY, POWER_SOURCES };
extern const char *const power_source_names[POWER_SOURCES];   /* NULL, "mains", "battery" */
struct machine_state {
  double busy;                              /* share of the processors' time that something uses, 0 to 1 */
  char governor[80], profile[32];           /* "powersave (balance_power)"; "low-power" */
  enum power_source source;
  double device_celsius, device_clock_hz, device_power_limit_w;
  struct heap_use heap[CAPS_HEAPS];         /* of the device, as the worker sees them (VK_EXT_memory_budget) */
  uint32_t n_heaps;                         /* 0: not told */
  char heaps_reason[96];                    /* why not; "" where they are told, or nobody said */
};

/* A control row, sampled at the begin and the end of each round: did the machine change meanwhile? And, on GPUs, the
 * same row for longer than a second at a stretch: what power and heat leave of its speed. NAN and "" unknown. */
struct drift {
  char row[256];                            /* its id */
  double first_ns, last_ns;
  double largest;                           /* deviation from the median, or within a round, as a share of it */
  uint32_t rounds, drifted;                 /* judged; of these further than 10 % from the others */
  double short_ns, sustained_ns;            /* at first, and after a second of nothing else */
};
/* sustained_ns over short_ns by more than 10 %. */
bool result_throttles(const struct drift *);

enum { RESULT_CEILINGS = 16 };

/* The best row of a ceiling for more than a second at a stretch, on GPUs: NAN unknown. */
struct lasting {
  char kind[24];                            /* "read_memory", "f32" */
  char row[256];                            /* its id */
  double short_ns, sustained_ns;            /* at first, and after a second of nothing else */
};
/* Not by more than 10 % slower at the end; true where it is unknown. */
bool result_lasts(const struct lasting *);

struct result {
  char run_id[33];
  char created[32];                         /* ISO 8601, UTC */
  struct { char version[32], git[64], glslc[128], shaders_sha256[65]; } tool;
  struct { char os[128], kernel[128], cpu[128]; uint64_t memory; } host;
  struct machine_state before, after;       /* the run, without its own load */
  struct drift drift;
  struct caps caps;
  char llc_source[16];                      /* of caps.llc_bytes: "system", "sweep", "" nothing told */
  struct {
    double read_memory, read_llc, copy_memory, copy_llc;              /* bytes/s, NAN unknown */
    struct { char name[24]; double value; } flops[RESULT_CEILINGS];   /* "f32", "f16": operations/s */
    size_t n_flops;
    double dispatch_ns, submit_ns;
    double upload, download;   /* bytes/s from the host's memory to the device's and back, NAN unknown */
    struct lasting lasting[RESULT_CEILINGS];
    size_t n_lasting;                       /* 0 on CPU devices */
  } ceilings;
  struct {
    char suite[64], suite_sha256[65], seed[24];
    double budget_s, seconds;
    char unfinished[128];   /* why it is not whole, "" */
  } run;
  struct result_row *rows;
  size_t n_rows;
  char sha256[65];                          /* of the file it was read from, "" for one in memory */
  char path[4096];                          /* likewise */
};

/* Reads and checks a result file; unknown fields are ignored, unknown statuses read as failed. NULL with the
 * error naming file and field. One of an unfinished run is read, and that is said. Free with result_free. */
struct result *result_read(const char *path, struct error *);
void result_free(struct result *);
/* Writes result as vkpareto.result/1; an existing path is an error unless replace. */
bool result_write(const struct result *, const char *path, bool replace, struct error *);
/* The device object of a result, also the format of tests/plan/caps. caps_from_json checks everything. */
cJSON *caps_to_json(const struct caps *);
bool caps_from_json(const cJSON *, struct caps *, struct error *);
/* Which of n >= 1 timed rows stands for a technique at a shape: the fastest, that with the least median, for that
 * kernel would run. Where it is `noisy` and the interval of an `ok` row overlaps its own, the fastest such row, since
 * the two cannot be told apart and its time is the better known; an unknown interval overlaps nothing. Does not depend
 * on the order of the rows. */
const struct result_row *result_fastest(const struct result_row *const *rows, size_t n);
/* A member each, null where unknown. Reading: absent members are unknown. */
cJSON *codegen_to_json(const struct codegen *);
bool codegen_from_json(const cJSON *, struct codegen *, struct error *);
/* Members compile_ns and compile_cached. */
void codegen_time_to_json(cJSON *, const struct compile_time *);
bool codegen_time_from_json(const cJSON *, struct compile_time *, struct error *);
/* Best measured share of compute: the ceiling by name, NAN when absent. */
double result_flops_ceiling(const struct result *, const char *name);

#endif
