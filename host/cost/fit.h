/* The form of every prediction: time = sum of ns per unit times amount, fitted to measured points. Pure. */
#ifndef FIT_H
#define FIT_H

#include <stdbool.h>
#include <stddef.h>

/* What takes the time of an op. */
enum fit_term {
  FIT_LAUNCH,      /* one dispatch of one workgroup and the barrier behind it */
  FIT_SPREAD,      /* of these the share of workgroups for which another core than the first may be roused */
  FIT_GROUP,       /* a workgroup beside what it computes: of the small ops, where that is little, and of attention */
  FIT_BYTE,        /* compulsory traffic */
  FIT_OPERATION,   /* carried out, what fills tiles up included */
  FIT_SCORE,       /* attention: one key meets one query, whatever the width of the head: masks, maxima, exponentials */
  FIT_TERMS,
};

struct fit { double ns[FIT_TERMS]; };   /* per unit of each term */

enum { FIT_NEVER = -1 };
struct fit_point {
  double amount[FIT_TERMS];
  double ns;         /* > 0 */
  long unit;         /* points of one are left out together: a weight matrix, a head layout; FIT_NEVER: in all fits */
};

enum { FIT_MIN_POINTS = 2 };   /* a latency and one slope */

/* What a term of the law weighs, in points. Leave-one-out over the quick suite on lavapipe and SwiftShader:
 * docs/cost-model.md. */
#define FIT_LAW_WEIGHT 0.25

double fit_at(const struct fit *, const double amount[FIT_TERMS]);

/* Coefficients >= 0 that minimise the sum of squared relative errors over the points outside the unit `without`
 * (FIT_NEVER: all points). With `law`, the fit of many, the points lean on it where they cannot tell the terms apart:
 * for each term the sum has one more square, of what the coefficient is away from the law's, as a share of the points'
 * times on average, times FIT_LAW_WEIGHT.
 *
 * Exact: the optimum is the best of the unconstrained solutions on the 63 subsets of the terms that happen to be
 * nonnegative (the active-set argument of Lawson and Hanson 1974, ch. 23), enumerated; no iteration, no start value,
 * so the same points give the same bits. False with fewer than FIT_MIN_POINTS points that may be left out. */
bool fit_solve(const struct fit_point *, size_t n, long without, const struct fit *law, struct fit *);

#endif
