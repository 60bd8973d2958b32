/* Techniques that compute the same op, fitted together: each has few points, all of them many. */
#ifndef POOL_H
#define POOL_H

#include "fit.h"

struct pool_member {
  struct fit_point *points;
  size_t n;
  double *left_out;     /* for each point its ns as predicted without its unit; NAN: there is no such prediction */
  struct fit fit;       /* when fitted */
  bool fitted;
  double error;         /* standard deviation of log(predicted / measured), from left_out; NAN unknown */
};

/* Fits every member: first the law of the pool, over all points of all members; then each member's own, which leans on
 * that law. A member of fewer than FIT_MIN_POINTS is not fitted.
 *
 * Then the same without one unit at a time, in all members at once (units count from 0 over the whole pool): what the
 * points of the unit are predicted to take is their left_out. A member's error is the root mean square over its points of
 * log(left_out / ns), joined with as many points as POOL_PRIOR of the whole pool's, since few points may agree by chance.
 * A pool of one member leans on nothing. False when memory runs out. */
enum { POOL_PRIOR = 4 };
bool pool_fit(struct pool_member *members, size_t n_members, long n_units);

/* Adds to *sum the squares of log(fitted / ns) over the points of all members that can be fitted, with none left out: by it a
 * parameter of the amounts is chosen. False when memory runs out. */
bool pool_residual(const struct pool_member *members, size_t n_members, double *sum);

#endif
