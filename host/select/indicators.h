/* How good a set of points is: three figures of the literature. All coordinates are minimised. Pure.
 *
 * Checked against moocore (tests/front/make_indicator_vectors.py). */
#ifndef INDICATORS_H
#define INDICATORS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum { INDICATOR_COORDS = 8 };

/* n points, one after the other, of `coords` numbers each. */
struct indicator_set { const double *at; size_t n, coords; };

/* The volume that the points dominate within the reference point (Zitzler and Thiele 1998); what is not below the
 * reference in every coordinate adds nothing. By exclusive volumes with limited sets (While, Bradstreet and Barone
 * 2012, "A fast way of calculating exact hypervolumes"). *out is kept on false: out of memory, or more than
 * INDICATOR_COORDS. */
bool indicator_hypervolume(const struct indicator_set *, const double *reference, double *out, struct error *);
/* The least that must be taken off every coordinate so that the set covers the reference set (Zitzler et al. 2003). */
double indicator_epsilon(const struct indicator_set *, const struct indicator_set *reference);
/* The mean over the reference set of the distance to the set, counting only what is worse (Ishibuchi et al. 2015). */
double indicator_igd_plus(const struct indicator_set *, const struct indicator_set *reference);

#endif
