#include "law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "demand.h"

static bool same_pool(const struct cost_group *a, const struct cost_group *b) {
  return a->family == b->family && a->regime == b->regime;
}

/* The unit of a row that one of the groups before `group`, or an earlier row of it, has; else the next number. */
static long unit_of(const struct cost_model *cost, const struct cost_group *group, size_t row, long *n_units) {
  for (const struct cost_group *other = cost->groups; other <= group; other++)
    for (size_t i = 0; same_pool(other, group) && i < (other == group ? row : other->n); i++)
      if (family_same_unit(group->family, group->rows[row]->dim, other->rows[i]->dim)) return other->fit.points[i].unit;
  return (*n_units)++;
}

static size_t count_units(const struct cost_group *group) {
  size_t units = 0;
  for (size_t i = 0; i < group->n; i++) {
    bool known = false;
    for (size_t j = 0; j < i; j++) known = known || group->fit.points[j].unit == group->fit.points[i].unit;
    units += !known;
  }
  return units;
}

static bool make_points(const struct cost_model *cost, struct cost_group *group, long *n_units) {
  const double dispatch_ns = cost->result->ceilings.dispatch_ns;
  group->fit.points = malloc((group->n + 1) * sizeof *group->fit.points);
  group->fit.left_out = malloc((group->n + 1) * sizeof *group->fit.left_out);
  if (!group->fit.points || !group->fit.left_out) return false;
  for (size_t i = 0; i < group->n; i++)
    group->fit.points[i] = (struct fit_point){.ns = group->rows[i]->time.median, .unit = unit_of(cost, group, i, n_units)};
  group->n_units = count_units(group);
  group->fit.n = group->n;
  if (dispatch_ns > 0 && isfinite(dispatch_ns))
    group->fit.points[group->fit.n++] = (struct fit_point){.amount = {[FIT_LAUNCH] = 1}, .ns = dispatch_ns, .unit = FIT_NEVER};
  return true;
}

/* Of the rows, on a device of so many cores; that their kernels can be planned is known. */
static void set_amounts(const struct cost_model *cost, struct cost_group *group, double cores) {
  for (size_t i = 0; i < group->n; i++) {
    const struct kernel_case kase = cost_case_of(group->rows[i]);
    struct demand demand = {0};
    demand_of(group->rows[i], &kase, &cost->result->caps, cores, &demand);
    memcpy(group->fit.points[i].amount, demand.amount, sizeof demand.amount);
  }
}

/* The groups of one pool, in the order of the model. */
struct pool {
  struct cost_group **groups;
  struct pool_member *members;   /* members[i] is a copy of groups[i]->fit */
  size_t n;
  long n_units;
};

static void free_pools(struct pool *pools, size_t n) {
  for (size_t i = 0; pools && i < n; i++) {
    free(pools[i].groups);
    free(pools[i].members);
  }
  free(pools);
}

/* One for each group that is the first of its pool; NULL when memory runs out. */
static struct pool *make_pools(struct cost_model *cost, size_t *n) {
  struct pool *pools = calloc(cost->n, sizeof *pools);
  *n = 0;
  for (size_t g = 0; pools && g < cost->n; g++) {
    struct cost_group *group = &cost->groups[g];
    size_t p = 0;
    while (p < *n && !same_pool(pools[p].groups[0], group)) p++;
    struct pool *pool = &pools[p];
    if (p == *n) {
      ++*n;
      pool->groups = calloc(cost->n, sizeof *pool->groups);
      pool->members = calloc(cost->n, sizeof *pool->members);
    }
    if (!pool->groups || !pool->members || !make_points(cost, group, &pool->n_units)) {
      free_pools(pools, *n);
      return NULL;
    }
    pool->groups[pool->n] = group;
    pool->members[pool->n++] = group->fit;
  }
  return pools;
}

static void set_cores(struct cost_model *cost, double cores) {
  cost->cores = cores;
  for (size_t g = 0; g < cost->n; g++) set_amounts(cost, &cost->groups[g], cores);
}

/* What the fits on so many cores leave unexplained; false when memory runs out. */
static bool residual_of(struct cost_model *cost, const struct pool *pools, size_t n, double cores, double *sum) {
  set_cores(cost, cores);
  *sum = 0;
  for (size_t p = 0; p < n; p++)
    if (!pool_residual(pools[p].members, pools[p].n, sum)) return false;
  return true;
}

static bool find_cores(struct cost_model *cost, const struct pool *pools, size_t n) {
  static const double known[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
  enum { KNOWN = sizeof known / sizeof known[0] };
  const double floor = 1e-6;   /* of each point: 0.1 % are explained well enough */
  double points = 0, sum[KNOWN];
  for (size_t g = 0; g < cost->n; g++) points += (double)cost->groups[g].n;
  size_t best = 0;
  for (size_t c = 0; c < KNOWN; c++) {
    if (!residual_of(cost, pools, n, known[c], &sum[c])) return false;
    sum[c] += floor * points;
    if (sum[c] < sum[best]) best = c;
  }
  /* Twice the gain in log-likelihood of normal errors; one of so many tries gains as much by chance. */
  if (points * log(sum[0] / sum[best]) <= 2 * log(KNOWN)) best = 0;
  set_cores(cost, known[best]);
  return true;
}

bool law_fit(struct cost_model *cost) {
  size_t n;
  struct pool *pools = make_pools(cost, &n);
  bool ok = pools && find_cores(cost, pools, n);
  for (size_t p = 0; ok && p < n; p++) {
    ok = pool_fit(pools[p].members, pools[p].n, pools[p].n_units);
    for (size_t i = 0; i < pools[p].n; i++) pools[p].groups[i]->fit = pools[p].members[i];
  }
  free_pools(pools, pools ? n : 0);
  return ok;
}
