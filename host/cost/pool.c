#include "pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct points { struct fit_point *all; size_t n; };

static struct points join(struct pool_member *const *members, size_t n_members) {
  struct points joined = {0};
  for (size_t m = 0; m < n_members; m++) joined.n += members[m]->n;
  joined.all = calloc(joined.n + 1, sizeof *joined.all);
  size_t at = 0;
  for (size_t m = 0; joined.all && m < n_members; m++) {
    memcpy(joined.all + at, members[m]->points, members[m]->n * sizeof *joined.all);
    at += members[m]->n;
  }
  return joined;
}

bool pool_fit(struct pool_member *const *members, size_t n_members, long without) {
  const struct points joined = join(members, n_members);
  if (!joined.all) return false;
  struct fit law = {0};
  const bool lawful = fit_solve(joined.all, joined.n, without, NULL, &law);
  for (size_t m = 0; m < n_members; m++) {
    struct pool_member *member = members[m];
    member->fitted = lawful && fit_solve(member->points, member->n, without, &law, &member->fit);
  }
  free(joined.all);
  return true;
}

void pool_residual(struct pool_member *const *members, size_t n_members, double *sum) {
  for (size_t m = 0; m < n_members; m++)
    for (size_t i = 0; members[m]->fitted && i < members[m]->n; i++) {
      const double error = log(fit_at(&members[m]->fit, members[m]->points[i].amount) / members[m]->points[i].ns);
      *sum += error * error;
    }
}
