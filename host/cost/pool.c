#include "pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct points { struct fit_point *all; size_t n; };

static struct points join(const struct pool_member *members, size_t n_members) {
  struct points joined = {0};
  for (size_t m = 0; m < n_members; m++) joined.n += members[m].n;
  joined.all = calloc(joined.n + 1, sizeof *joined.all);
  size_t at = 0;
  for (size_t m = 0; joined.all && m < n_members; m++) {
    memcpy(joined.all + at, members[m].points, members[m].n * sizeof *joined.all);
    at += members[m].n;
  }
  return joined;
}

static bool has_unit(const struct pool_member *member, long unit) {
  for (size_t i = 0; i < member->n; i++)
    if (member->points[i].unit == unit) return true;
  return false;
}

static void leave_out(struct pool_member *members, size_t n_members, const struct points *joined, long unit) {
  struct fit law = {0}, own;
  if (!fit_solve(joined->all, joined->n, unit, NULL, &law)) return;
  for (size_t m = 0; m < n_members; m++) {
    struct pool_member *member = &members[m];
    if (!has_unit(member, unit) || !fit_solve(member->points, member->n, unit, &law, &own)) continue;
    for (size_t i = 0; i < member->n; i++)
      if (member->points[i].unit == unit) member->left_out[i] = fit_at(&own, member->points[i].amount);
  }
}

struct squares { double sum, n; };

static struct squares squares_of(const struct pool_member *member) {
  struct squares out = {0};
  for (size_t i = 0; i < member->n; i++) {
    if (isnan(member->left_out[i])) continue;
    const double error = log(member->left_out[i] / member->points[i].ns);
    out.sum += error * error;
    out.n++;
  }
  return out;
}

static void set_errors(struct pool_member *members, size_t n_members) {
  struct squares pool = {0};
  for (size_t m = 0; m < n_members; m++) {
    const struct squares own = squares_of(&members[m]);
    pool.sum += own.sum;
    pool.n += own.n;
  }
  for (size_t m = 0; m < n_members; m++) {
    const struct squares own = squares_of(&members[m]);
    const double error = sqrt((own.sum + POOL_PRIOR * pool.sum / pool.n) / (own.n + POOL_PRIOR));
    members[m].error = isfinite(error) ? error : NAN;
  }
}

bool pool_fit(struct pool_member *members, size_t n_members, long n_units) {
  const struct points joined = join(members, n_members);
  if (!joined.all) return false;
  struct fit law = {0};
  const bool lawful = fit_solve(joined.all, joined.n, FIT_NEVER, NULL, &law);
  for (size_t m = 0; m < n_members; m++) {
    struct pool_member *member = &members[m];
    member->fitted = lawful && fit_solve(member->points, member->n, FIT_NEVER, &law, &member->fit);
    for (size_t i = 0; i < member->n; i++) member->left_out[i] = NAN;
  }
  for (long unit = 0; unit < n_units && n_units > 1; unit++) leave_out(members, n_members, &joined, unit);
  set_errors(members, n_members);
  free(joined.all);
  return true;
}

bool pool_residual(const struct pool_member *members, size_t n_members, double *sum) {
  const struct points joined = join(members, n_members);
  if (!joined.all) return false;
  struct fit law = {0}, own;
  const bool lawful = fit_solve(joined.all, joined.n, FIT_NEVER, NULL, &law);
  for (size_t m = 0; lawful && m < n_members; m++) {
    const struct pool_member *member = &members[m];
    if (!fit_solve(member->points, member->n, FIT_NEVER, &law, &own)) continue;
    for (size_t i = 0; i < member->n; i++) {
      const double error = log(fit_at(&own, member->points[i].amount) / member->points[i].ns);
      *sum += error * error;
    }
  }
  free(joined.all);
  return true;
}
