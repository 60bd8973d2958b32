/* What the kernel of a measured row would need for a case, from its plan. */
#ifndef DEMAND_H
#define DEMAND_H

#include "caps.h"
#include "fit.h"
#include "kernel.h"
#include "result.h"

struct demand {
  double amount[FIT_TERMS];
  double scratch_bytes;
};

/* On a device that runs `cores` workgroups side by side: bytes, operations and scores are as many as would take as long on
 * evenly loaded cores, three workgroups on two cores four. False when the row's variant, with its tuning, cannot run the
 * case on such a device. */
bool demand_of(const struct result_row *, const struct kernel_case *, const struct caps *, double cores, struct demand *);

#endif
