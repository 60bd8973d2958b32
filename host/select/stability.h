/* How sure a choice is: would it still be chosen if the measurements were as wrong as they may be? Pure, seeded. */
#ifndef STABILITY_H
#define STABILITY_H

#include "choose.h"

enum { STABILITY_DRAWS = 1000 };

struct stability {
  size_t draws;          /* fewer than STABILITY_DRAWS on long fronts; 0: nothing could be asked */
  double best_share;     /* of the draws in which no other configuration scores better: the probability that it stays best */
  double regret;         /* mean over the draws of (its score - the best score) / the best score */
  bool unknown_errors;   /* an option has an error that nobody knows; it was taken as it stands */
};

/* Every draw makes each technique slower or faster by one normal factor of its error (half the interval of its times is
 * taken as the standard deviation), one for each phase, in all slots alike: one kernel is wrong everywhere the same way, so
 * two configurations that share it do not change places. Each published quality figure is redrawn in the same way, not below
 * 0. The configurations are those of the front within the limits by the estimates; the fixed part is common to all and stays. */
struct stability stability_of(const struct space *, const struct task *, const struct front *, const struct decision *, uint64_t seed);

#endif
