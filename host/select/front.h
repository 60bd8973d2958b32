/* The algebra of configurations: cost vectors whose coordinates combine by + or by max, and the exact Pareto front of
 * all combinations of one option per slot. Pure.
 *
 * Costs are integers, rounded once where an option is made: sums are then associative, ties exact, and the front does
 * not depend on the order of slots. Both + and max are monotone, so a partial configuration that is worse or equal in
 * every coordinate can never become better than the one that beats it, and dropping it early is exact. That is only
 * true for the coordinates themselves: a total such as memory = resident + largest scratch must be formed at the end,
 * or the early drop loses configurations whose scratch would have been hidden under another slot's. */
#ifndef FRONT_H
#define FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum { FRONT_COORDS = 8, FRONT_SLOTS = 16, FRONT_OPTIONS = 255 };

/* at[0 .. n_sum-1] combine by +, the others by max. */
struct front_algebra { size_t n, n_sum; };
struct front_cost { int64_t at[FRONT_COORDS]; };
struct front_point {
  struct front_cost cost;
  uint8_t choice[FRONT_SLOTS];   /* option of each slot */
};
struct front_slot { const struct front_cost *options; size_t n; };
struct front { struct front_point *points; size_t n; };

struct front_cost front_combine(const struct front_algebra *, const struct front_cost *, const struct front_cost *);
/* < 0, 0, > 0: lexicographic. */
int front_compare(const struct front_algebra *, const struct front_cost *, const struct front_cost *);

/* They are what a front can be made of: at least one slot and an option in each, nothing negative, no sum over 2^53. */
bool front_check(const struct front_algebra *, const struct front_cost *base, const struct front_slot *, size_t n_slots,
                 struct error *);

/* All combinations of `base` and one option per slot that no other combination covers, sorted lexicographically; of
 * equal ones one stays, within a slot the first option. It is the bound of bound.h without slack. What front_check
 * refuses is an error. A slot without options makes the front empty. More than max_points at any stage is an error,
 * since nobody can read such a front. Free with front_free. */
bool front_build(const struct front_algebra *, const struct front_cost *base, const struct front_slot *, size_t n_slots,
                 size_t max_points, struct front *, struct error *);
void front_free(struct front *);
/* Sorts points that came from elsewhere and drops those that another covers; of equal ones the first in
 * choice order stays. False: out of memory. */
bool front_prune(const struct front_algebra *, struct front *, struct error *);

#endif
