/* The predicted time and energy of ops, summed. */
#ifndef TIMING_H
#define TIMING_H

#include "cost.h"
#include "ops.h"

/* What a time is made of, for people. */
enum part { PART_MATMUL, PART_EXPERTS, PART_ATTENTION, PART_REST, PART_UPLOAD, PART_COUNT };
/* "matmul", "experts", "attention", "rest", "upload": copies from the host */
extern const char *const part_names[PART_COUNT];

struct space_time {
  double ns, lo, hi;         /* lo and hi NAN where the error of a prediction is unknown */
  double extrapolated_ns;    /* the part of ns beyond what was measured */
  const struct result_row *row;   /* the kernel of the largest op of the slot's own technique in the phase's regime */
  double row_ns;                  /* what that op takes; 0: there is none, row is NULL */
  double part_ns[PART_COUNT];
  double joules, joules_error;    /* NAN: of some op unknown */
  double measured_joules;         /* the part of joules that was measured, the rest is modelled */
};

/* Of an op that has several ways. */
enum timing_ways { WAYS_ALL, WAYS_FIRST, WAYS_OTHERS };

/* What a slot's option fills into the names of techniques; its own technique, whose row is kept; what it may run. */
struct timing_names { const char *algorithm, *format, *technique; enum timing_ways ways; };

/* Adds `op` to *time, computed in the fastest of its ways, and raises *scratch to what that needs. False with the
 * reason why the first way cannot be predicted when none can; nothing is added then. */
bool timing_add_op(const struct cost_model *, const struct op *, const struct timing_names *, struct space_time *time,
                   double *scratch, struct error *);
/* From the time that the prompts of all sequences take and that of a decode step to what a request sees, time to first
 * token and per token, in place; joules stay as they are. Where the sequences come together these are the same.
 *
 * One by one, with n of them in flight and each end replaced by the next arrival: a request waits for the step that
 * runs when it comes, half of one on average, and is then read alone. While it makes its output - 1 further tokens each
 * of the n - 1 others ends about once, so that as many prompts are read in between and stop it that long. What the
 * device does for n requests is thereby n prefills and output - 1 steps, as for a batch. A task of one token has no
 * steps: what is in flight waits for its turn, as in a batch. */
void timing_serve(const struct task *, struct space_time time[PHASE_COUNT]);
/* Adds ns that are exactly known, in which nothing is computed. */
void timing_add_ns(const struct cost_model *, struct space_time *, enum part, double ns);

#endif
