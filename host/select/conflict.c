#include "conflict.h"

#include <math.h>
#include <stdbool.h>

enum { SUBSETS = 1 << CONFLICT_AXES };

/* The limits that the point breaks, as a set. */
static unsigned broken_by(const struct conflict_point *p, const double limit[CONFLICT_AXES]) {
  unsigned broken = 0;
  for (unsigned a = 0; a < CONFLICT_AXES; a++)
    if (isfinite(limit[a]) && !(p->at[a] <= limit[a])) broken |= 1u << a;
  return broken;
}

/* Among the points that keep all of `kept`; NAN where there is none. */
static double least_under(const struct conflict_point *points, size_t n, const double limit[CONFLICT_AXES],
                          unsigned kept, unsigned axis) {
  double least = NAN;
  for (size_t i = 0; i < n; i++)
    if (!(broken_by(&points[i], limit) & kept)) least = fmin(least, points[i].at[axis]);
  return least;
}

static bool is_minimal(const bool possible[SUBSETS], unsigned set) {
  if (possible[set]) return false;
  for (unsigned a = 0; a < CONFLICT_AXES; a++)
    if ((set >> a & 1) && !possible[set & ~(1u << a)]) return false;
  return true;
}

void conflict_find(const struct conflict_point *points, size_t n, const double limit[CONFLICT_AXES],
                   struct conflicts *out) {
  unsigned all = 0;
  bool possible[SUBSETS] = {false};
  for (unsigned a = 0; a < CONFLICT_AXES; a++) all |= isfinite(limit[a]) ? 1u << a : 0;
  for (size_t i = 0; i < n; i++) {
    const unsigned broken = broken_by(&points[i], limit);
    for (unsigned set = 0; set < SUBSETS; set++) possible[set] |= !(set & broken);
  }

  *out = (struct conflicts){0};
  for (int size = 1; size <= CONFLICT_AXES; size++)
    for (unsigned set = 1; set < SUBSETS; set++) {
      if (__builtin_popcount(set) != size || (set & ~all) || !is_minimal(possible, set)) continue;
      struct conflict_set *found = &out->sets[out->n++];
      found->members = set;
      for (unsigned a = 0; a < CONFLICT_AXES; a++)
        if (set >> a & 1) found->least[a] = least_under(points, n, limit, set & ~(1u << a), a);
    }
  for (unsigned a = 0; a < CONFLICT_AXES; a++)
    out->alone[a] = all >> a & 1 ? least_under(points, n, limit, all & ~(1u << a), a) : NAN;
}
