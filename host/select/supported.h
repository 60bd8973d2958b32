/* A first answer in milliseconds, whatever the number of decisions: configurations that are the best for some
 * weighting of the coordinates. For fixed weights every decision is its own: each takes its cheapest option. Pure.
 *
 * All of them are on the exact front (of its convex hull), but not all of the front is among them: nothing is promised
 * beforehand. By the Shapley-Folkman theorem the gap shrinks with the number of decisions n as about coordinates / n:
 * at 9 it is wide, at hundreds small. supported_gap measures it against a front that is proved. Coordinates that
 * combine by max have no weight. */
#ifndef SUPPORTED_H
#define SUPPORTED_H

#include "bound.h"
#include "cover.h"

struct supported {
  struct cover_row *points;   /* cost with the base; sorted, none covers another; a: which row of choices */
  size_t n, n_slots;
  uint8_t *choices;           /* [weights tried][n_slots] */
};

/* Tries that many weightings, the first of equal weights, the others random by the seed over six powers of ten. The
 * errors of bound_build. *out is to be freed on false too. */
bool supported_build(const struct front_algebra *, const struct front_cost *base, const struct front_slot *,
                     size_t n_slots, size_t n_weights, uint64_t seed, struct supported *out, struct error *);
void supported_free(struct supported *);

/* The least m such that every point of the bound's front f has a supported s <= (1 + m relative) f + m absolute, of
 * the slack that the bound was asked for: what the bound proves of its front, and m times the slack on top, then
 * holds for the supported points. INFINITY where none does, in a coordinate without slack. */
double supported_gap(const struct supported *, const struct front_algebra *, const struct bound *,
                     const struct bound_slack *);

#endif
