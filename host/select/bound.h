/* A front that is proved to be near the exact one, where the exact one is too large to be made: hundreds of
 * decisions. Pure.
 *
 * A set K covers a set S within a slack when every s in S has a k in K with k <= (1 + r) s in each coordinate of
 * relative slack r, and k <= s + a in each of absolute slack a. (Costs are not negative; all sums are of attainable
 * points.)
 *
 * The decisions are the leaves of a balanced binary tree; a node's front is made of the sums of its children's fronts.
 *   1. If A' covers A within (r1, a1) and B' covers B within (r2, a2), the sums A' + B' cover A + B within
 *      (max(r1, r2), a1 + a2), as a' + b' <= (1 + r1) a + (1 + r2) b <= (1 + max(r1, r2)) (a + b). In a coordinate that
 *      combines by max the same holds, with max(a1, a2) <= a1 + a2.
 *   2. Leaving out every sum that a kept one covers within (d, t) gives (1 + r)(1 + d) - 1 and a + t.
 * So relative slack grows with the depth of the tree and not with the number of decisions: each of the L levels that
 * leave sums out gets d = (1 + r)^(1 / L) - 1, and absolute slack is split among the nodes that do. Nodes of few
 * decisions are exact. A sum is left out on account of one that stays: kept points are only dropped when another kept
 * one is <= them in all.
 *
 * Limits: what a node spends within a limit L leaves room for the least that all other decisions cost. A sum over
 * (1 + r) L (or L + a) less that least is dropped: a configuration within L has at every node a cover within (1 + r)
 * times its own cost there, which is not dropped, since (1 + r)(L - least) <= (1 + r) L - least. So every
 * configuration within the limits is covered, by one that may be over a limit by the slack of its coordinate; with
 * slack 0 it is within. */
#ifndef BOUND_H
#define BOUND_H

#include "front.h"

struct bound_slack {
  double relative[FRONT_COORDS], absolute[FRONT_COORDS];   /* of each coordinate at most one is over 0 */
  double limit[FRONT_COORDS];                              /* INFINITY: none */
  size_t exact_slots;                                      /* nodes of at most so many decisions leave nothing out */
};
/* No limits, no slack; exact_slots as measured to be best. */
struct bound_slack bound_exact(void);

struct bound;

/* Any number of slots with at least one option each; neighbours should be alike (all layers of one matrix, then the
 * next): halves with the same options are made once. The errors of front_build; max_points holds for each node. An
 * empty front when nothing can be within the limits. NULL with the error set. Free with bound_free. */
struct bound *bound_build(const struct front_algebra *, const struct front_cost *base, const struct front_slot *,
                          size_t n_slots, const struct bound_slack *, size_t max_points, struct error *);
void bound_free(struct bound *);

size_t bound_count(const struct bound *);
struct front_cost bound_cost(const struct bound *, size_t point);
/* The option of each slot, n_slots of them; their sum is the point's cost. */
void bound_choice(const struct bound *, size_t point, uint8_t *choice);
/* What was proved, at most what was asked for: a front that stayed exact proves 0. */
struct bound_slack bound_proved(const struct bound *);

#endif
