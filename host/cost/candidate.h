/* Which of the measured kernels would run a case, and how long it would take by their laws. */
#ifndef CANDIDATE_H
#define CANDIDATE_H

#include "cost.h"
#include "demand.h"

struct candidate {
  const struct cost_kernel *kernel;
  const struct result_row *row;   /* of the kernel with this tuning the nearest in bytes and operations */
  struct demand demand;
  double ns;                      /* INFINITY: too few rows for a law */
};

/* The fastest of the technique's kernels, with each tuning that it was measured with, as if no row of the unit
 * `without` had been measured (FIT_NEVER: of all). False when none can run the case. */
bool candidate_find(const struct cost_model *, const struct technique *, const struct kernel_case *, long without,
                    struct candidate *);
/* Bytes or operations more than 2x outside what was measured of the kernel beside that unit. */
bool candidate_is_extrapolated(const struct candidate *, long without);

#endif
