/* Kernels of one source, fitted together: each has few points, all of them many. */
#ifndef POOL_H
#define POOL_H

#include "fit.h"

struct pool_member {
  struct fit_point *points;
  size_t n;
  struct fit fit;       /* when fitted */
  bool fitted;
};

/* Fits every member to its points outside the unit `without` (FIT_NEVER: to all): first the law of the pool, over
 * the points of all members, then each member's own, which leans on that law. A member of fewer than FIT_MIN_POINTS
 * is not fitted. The law of a single member is its own. False when memory runs out. */
bool pool_fit(struct pool_member *const *members, size_t n_members, long without);

/* Adds to *sum the squares of log(fitted / ns) over the points of all fitted members: by it a parameter of the
 * amounts is chosen. */
void pool_residual(struct pool_member *const *members, size_t n_members, double *sum);

#endif
