/* How sure a choice is: would it still be chosen if the measurements were as wrong as they may be? Pure, seeded. */
#ifndef STABILITY_H
#define STABILITY_H

#include "choose.h"

enum { STABILITY_DRAWS = 1000 };

struct stability {
  size_t draws;          /* fewer than STABILITY_DRAWS on long fronts; 0: nothing could be asked */
  double best_share;     /* of the draws in which no other configuration scores better: how probably it stays best */
  double regret;         /* mean of (its score - the best score) over the mean of the best score */
  bool unknown_errors;   /* an option has an error that nobody knows; it was taken as it stands */
};

/* Every draw multiplies the times of each technique by (1 + e)^(z / 1.96), e the relative error (half the 95 % interval
 * over the value), z a normal number for each technique and phase, the same in all slots: one kernel is wrong everywhere
 * the same way, so two configurations that share it do not change places, and no time falls to 0 however large the error.
 * Each published quality figure is redrawn in the same way; joules stay as they are. The configurations are those of the
 * front within the limits by the estimates; the fixed part is common to all and stays. */
struct stability stability_of(const struct space *spaces, size_t n_spaces, const struct task *, const struct front *,
                              const struct decision *, uint64_t seed);

#endif
