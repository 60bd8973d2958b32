/* suite + caps -> what to try and what not, with reasons. Pure: no device, no clock, no file. */
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "result.h"
#include "suite.h"

struct plan_row {
  struct kernel_case kase;
  const struct technique *technique;
  const struct variant *variant;
  int32_t tuning[KERNEL_TUNABLES];   /* defaults: values[0], or the first combination that is valid */
  enum status status;                /* STATUS_OK: to be measured; else why not */
  const char *reason;                /* static or owned by the plan; NULL when to be measured */
  bool energy;                       /* joules too, if it is the fastest of its technique */
  char id[256];
};

struct plan {
  struct plan_row *rows;
  size_t n;
  char **texts;                      /* owned reasons */
  size_t n_texts;
};

/* filter: glob over row ids, NULL for all. */
struct plan *plan_build(const struct suite *, const struct caps *, const char *filter, struct error *);
void plan_free(struct plan *);
/* What `vkpareto run --dry-run` prints and the plan tests pin: a JSON list with a row a line. */
bool plan_print(const struct plan *, FILE *, struct error *);

/* The first tuning that is valid for the case, defaults first: NULL. Else why the defaults are not, and those. */
const char *plan_tuning(const struct variant *, const struct kernel_case *, const struct caps *, int32_t *tuning);
/* The same for proving: the first tuning that a proof shape of the family accepts. */
const char *plan_proof_tuning(const struct variant *, const struct caps *, int32_t *tuning);
/* All combinations of candidate values: at[t] is the index of tunable t's, from zeros on. plan_take_tuning writes the
 * values and says why they are not valid for the case, or NULL; plan_next_tuning steps on, false after the last. */
const char *plan_take_tuning(const struct variant *, const size_t *at, const struct kernel_case *, const struct caps *,
                             int32_t *tuning);
bool plan_next_tuning(const struct variant *, size_t *at);
/* filter: glob over variant ids, NULL for all; one that asks for no variant of ours is an error of the command line. */
bool plan_is_asked_for(const struct variant *, const char *filter);
bool plan_check_filter(const char *filter, struct error *);
/* Is the variant built, and has the device what it requires? Else status and reason. */
bool plan_runnable(const struct variant *, const struct caps *, enum status *, char *reason, size_t size);

#endif
