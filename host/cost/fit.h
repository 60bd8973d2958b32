/* The form of every prediction: time = latency + bytes / bandwidth + operations / rate, fitted to measured rows. */
#ifndef FIT_H
#define FIT_H

#include <stdbool.h>
#include <stddef.h>

struct fit { double latency_ns, ns_per_byte, ns_per_flop; };
struct fit_point {
  double bytes, flops, ns;   /* ns > 0 */
  size_t unit;               /* points of one unit are left out together: one weight matrix, one head layout */
};

enum { FIT_MIN_POINTS = 2 };   /* a latency and one slope */
#define FIT_ALL ((size_t)-1)

/* Coefficients >= 0 that minimise the sum of squared relative errors over the points outside the unit `without`
 * (FIT_ALL: all points). Exact: with three coefficients the optimum is the best of the 7 unconstrained solutions on
 * subsets that happen to be nonnegative (the active-set argument of Lawson and Hanson 1974, ch. 23), enumerated; no
 * iteration, no start value, so the same rows give the same bits. False with fewer than FIT_MIN_POINTS points. */
bool fit_solve(const struct fit_point *, size_t n, size_t without, struct fit *);
double fit_at(const struct fit *, double bytes, double flops);
/* Root mean square relative error over all points, each predicted without its unit; NAN when that is impossible
 * for any unit (one unit only, or too few points outside it). */
double fit_leave_one_out(const struct fit_point *, size_t n, size_t n_units);

#endif
