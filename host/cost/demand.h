/* What the kernel of a measured row would need for a case, from its plan. */
#ifndef DEMAND_H
#define DEMAND_H

#include "caps.h"
#include "fit.h"
#include "kernel.h"
#include "result.h"

/* What an uneven load costs on a device. Two cores that share execution units or memory do not lose all that one of
 * them waits: the other is the faster meanwhile. */
struct cores {
  double n;      /* workgroups that run side by side */
  double loss;   /* of the time for which some of them are idle, the share that is lost: 0 to 1 */
};

struct demand {
  double amount[FIT_TERMS];
  double scratch_bytes;
};

/* Bytes, operations and scores are as many as would take as long on evenly loaded cores: three workgroups on two
 * cores as four if all of the last one's idleness is lost, as three and a half if half of it. False when the row's
 * variant, with its tuning, cannot run the case on such a device. */
bool demand_of(const struct result_row *, const struct kernel_case *, const struct caps *, struct cores,
               struct demand *);

#endif
