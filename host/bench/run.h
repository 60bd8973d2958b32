/* The verbs of the bench: check and run. Parent side: the device itself lives in a worker process. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "result.h"

struct run_options {
  const char *suite;         /* name or file */
  size_t device;             /* index in gpu_list */
  const char *uuid;          /* of the device that is meant; another one at that index is refused. NULL: any will do */
  const char *filter;        /* glob over row ids, NULL: all */
  double budget_s;           /* wall seconds in all; 0: none */
  uint64_t seed;
  const char *out;           /* folder of results */
  bool resume;
  bool several;              /* it is one of several devices: resume finds some of them done, which is no error */
  bool validation;
};

/* Runs a suite: writes DIR/<device>/<driver>-<suite>.json and .samples.json, path of the former in result_path.
 * Interrupted: what is finished is written, ERROR_INTERRUPTED is set. *n_ok counts rows with a time. */
bool bench_run(const struct run_options *, char result_path[4096], size_t *n_ok, struct error *);

/* Is there such a suite, and is it a good one? Needs no device. */
bool bench_check_suite(const char *name, struct error *);

/* Prints what bench_run would measure on the device, and why the rest not, as JSON: a list with a row a line. */
bool bench_print_plan(const struct run_options *, struct error *);

/* Proves every variant whose id matches the filter on the device, on the family's proof shapes; one line each on
 * stdout. *n_ok counts the right ones, *n_wrong the wrong ones, validation messages included; those that cannot run are
 * in neither. */
bool bench_check(const struct run_options *, size_t *n_ok, size_t *n_wrong, struct error *);

/* Worker side: serves one device over stdin and stdout until end of file (protocol in job.h). Returns the exit
 * status. */
struct worker_options {
  size_t device;
  bool validation, anew;           /* as rig_open takes them */
  uint64_t allocation, range;      /* the limits are not over these; UINT64_MAX: as the driver claims */
};
int bench_worker(const struct worker_options *);
int bench_worker_list(void);   /* lists the devices instead */

#endif
