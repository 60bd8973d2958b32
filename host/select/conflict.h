/* Which limits exclude each other: the minimal sets of them that no point keeps together. Pure. */
#ifndef CONFLICT_H
#define CONFLICT_H

#include <stddef.h>

/* Of sets none of which holds another there are at most C(6, 3) (Sperner 1928). */
enum { CONFLICT_AXES = 6, CONFLICT_SETS = 20 };

struct conflict_point { double at[CONFLICT_AXES]; };   /* less is better */

struct conflict_set {
  unsigned members;                /* bit a: the limit on axis a */
  double least[CONFLICT_AXES];     /* of a member: among the points that keep the set's other limits, which there are */
};

struct conflicts {
  struct conflict_set sets[CONFLICT_SETS];   /* the smaller first */
  size_t n;
  double alone[CONFLICT_AXES];     /* the least among the points that keep all other limits: to that one limit would
                                      have to give if all others are kept; NAN where no point keeps the others */
};

/* limit: INFINITY where there is none. A NAN keeps no limit. Every set of limits is tried (64 of them), so the sets are
 * all that there are. No set: some point keeps all limits. */
void conflict_find(const struct conflict_point *, size_t n, const double limit[CONFLICT_AXES], struct conflicts *);

#endif
