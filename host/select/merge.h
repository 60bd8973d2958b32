/* The sums of one point of a front and one of another, without those that another sum covers. Pure.
 *
 * The smaller front is a k-d tree. A point of the larger with a node of the tree stands for all sums of the two, which
 * are at least the point plus the node's lowest corner: where something kept covers that, all are left out; else the
 * node is split. Pairs are taken by that sum, the cheapest first (branch and bound, as Papadias et al. 2003 find the
 * front of one tree), so that hardly a sum is kept before one that beats it, and what is kept early is what leaves the
 * most out. */
#ifndef MERGE_H
#define MERGE_H

#include "cover.h"
#include "error.h"
#include "front.h"

/* a and b of a point are indices of the two fronts that were merged. */
struct merge_front { struct cover_row *points; size_t n, capacity; };

struct merge_terms {
  const struct front_algebra *algebra;
  double relative[FRONT_COORDS], absolute[FRONT_COORDS];   /* k covers s when k <= s (1 + relative) + absolute */
  int64_t room[FRONT_COORDS];                              /* sums over it are left out; at most COVER_MAX */
  size_t max_points;
};

/* Exact where the slack is 0. Of equal sums one stays, always the same. max_points: more is an error. *out is empty
 * before; on false it is to be freed all the same. */
bool merge_fronts(const struct merge_terms *, const struct merge_front *a, const struct merge_front *b,
                  struct merge_front *out, struct error *);
/* False: more than max_points, or out of memory. */
bool merge_add(struct merge_front *, const struct cover_row *, size_t max_points, struct error *);
/* Keeps what no other covers, sorted. */
bool merge_prune(struct merge_front *, size_t n_coords, struct error *);

#endif
