/* How sure a choice is: would it still be chosen if the measurements were as wrong as they may be? Pure. */
#ifndef STABILITY_H
#define STABILITY_H

#include "redraw.h"

struct stability {
  size_t draws;          /* 0: nothing could be asked */
  double best_share;     /* of the draws in which no other configuration scores better: how likely it stays best */
  double regret;         /* mean of (its score - the best score) over the mean of the best score */
  bool unknown_errors;   /* an option has an error that nobody knows; it was taken as it stands */
};

/* Of this point of the front. */
struct stability stability_of(const struct space *spaces, size_t n_spaces, const struct redraws *, size_t point);

#endif
