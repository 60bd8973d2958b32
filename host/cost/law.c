#include "law.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "candidate.h"

/* Kernels of one source and regime, in the order of the model. */
struct pool { const struct cost_kernel *first; struct pool_member **members; size_t n; };

struct fitting {
  struct cost_model *cost;
  struct pool *pools;
  size_t n_pools;
  long *unit;                        /* of each row of the result that counts */
  long n_units;
};

/* ---- units */

static long unit_of(const struct fitting *fitting, const struct result_row *row) {
  return fitting->unit[row - fitting->cost->result->rows];
}

/* known[u] is a row of unit u. */
static void set_unit(struct fitting *fitting, const struct result_row **known, const struct result_row *row) {
  long u = 0;
  while (u < fitting->n_units &&
         !(known[u]->family == row->family && family_same_unit(row->family, known[u]->dim, row->dim)))
    u++;
  if (u == fitting->n_units) known[fitting->n_units++] = row;
  fitting->unit[row - fitting->cost->result->rows] = u;
}

static bool find_units(struct fitting *fitting) {
  const struct cost_model *cost = fitting->cost;
  const struct result_row **known = calloc(cost->result->n_rows + 1, sizeof *known);
  fitting->unit = calloc(cost->result->n_rows + 1, sizeof *fitting->unit);
  const bool ok = known && fitting->unit;
  for (size_t k = 0; ok && k < cost->n_kernels; k++)
    for (size_t i = 0; i < cost->kernels[k].n; i++) set_unit(fitting, known, cost->kernels[k].rows[i]);
  for (size_t g = 0; ok && g < cost->n; g++)
    for (size_t i = 0; i < cost->groups[g].n; i++) set_unit(fitting, known, cost->groups[g].rows[i]);
  free(known);
  return ok;
}

/* ---- points */

static bool make_points(const struct fitting *fitting, struct cost_kernel *kernel) {
  const double dispatch_ns = fitting->cost->result->ceilings.dispatch_ns;
  struct pool_member *fit = &kernel->fit;
  fit->points = malloc((kernel->n + 1) * sizeof *fit->points);
  if (!fit->points) return false;
  for (fit->n = 0; fit->n < kernel->n; fit->n++) {
    const struct result_row *row = kernel->rows[fit->n];
    fit->points[fit->n] = (struct fit_point){.ns = row->time.median, .unit = unit_of(fitting, row)};
  }
  if (dispatch_ns > 0 && isfinite(dispatch_ns))
    fit->points[fit->n++] = (struct fit_point){.amount = {[FIT_LAUNCH] = 1}, .ns = dispatch_ns, .unit = FIT_NEVER};
  return true;
}

/* Of the rows, on a device of so many cores; that their kernels can be planned is known. */
static void set_amounts(const struct cost_model *cost, struct cost_kernel *kernel) {
  for (size_t i = 0; i < kernel->n; i++) {
    const struct kernel_case kase = cost_case_of(kernel->rows[i]);
    struct demand demand = {0};
    demand_of(kernel->rows[i], &kase, &cost->result->caps, cost->cores, &demand);
    memcpy(kernel->fit.points[i].amount, demand.amount, sizeof demand.amount);
  }
}

/* ---- pools */

/* "matmul/rows" of "matmul/rows.int4_g32_4": the source, without what it was built for. */
static size_t source_length(const struct cost_kernel *kernel) { return strcspn(kernel->variant->shaders[0], "."); }

static bool same_pool(const struct cost_kernel *a, const struct cost_kernel *b) {
  const size_t length = source_length(a);
  return a->regime == b->regime && length == source_length(b) &&
         strncmp(a->variant->shaders[0], b->variant->shaders[0], length) == 0;
}

static bool add_to_pool(struct fitting *fitting, struct cost_kernel *kernel) {
  size_t p = 0;
  while (p < fitting->n_pools && !same_pool(fitting->pools[p].first, kernel)) p++;
  struct pool *pool = &fitting->pools[p];
  if (p == fitting->n_pools) {
    pool->first = kernel;
    pool->members = calloc(fitting->cost->n_kernels, sizeof *pool->members);
    fitting->n_pools++;
  }
  if (!pool->members) return false;
  pool->members[pool->n++] = &kernel->fit;
  return true;
}

static bool make_pools(struct fitting *fitting) {
  struct cost_model *cost = fitting->cost;
  fitting->pools = calloc(cost->n_kernels + 1, sizeof *fitting->pools);
  for (size_t k = 0; fitting->pools && k < cost->n_kernels; k++)
    if (!make_points(fitting, &cost->kernels[k]) || !add_to_pool(fitting, &cost->kernels[k])) return false;
  return fitting->pools != NULL;
}

static bool has_unit(const struct pool *pool, long unit) {
  for (size_t m = 0; m < pool->n; m++)
    for (size_t i = 0; i < pool->members[m]->n; i++)
      if (pool->members[m]->points[i].unit == unit) return true;
  return false;
}

/* The pools that know the unit, without it; FIT_NEVER: all pools, with all they know. */
static bool fit_pools(const struct fitting *fitting, long without) {
  for (size_t p = 0; p < fitting->n_pools; p++) {
    const struct pool *pool = &fitting->pools[p];
    if ((without == FIT_NEVER || has_unit(pool, without)) && !pool_fit(pool->members, pool->n, without)) return false;
  }
  return true;
}

/* ---- cores */

/* What the fits on such cores leave unexplained; false when memory runs out. */
static bool residual_of(const struct fitting *fitting, struct cores cores, double *sum) {
  struct cost_model *cost = fitting->cost;
  cost->cores = cores;
  for (size_t k = 0; k < cost->n_kernels; k++) set_amounts(cost, &cost->kernels[k]);
  if (!fit_pools(fitting, FIT_NEVER)) return false;
  *sum = 0;
  for (size_t p = 0; p < fitting->n_pools; p++) pool_residual(fitting->pools[p].members, fitting->pools[p].n, sum);
  return true;
}

/* Leaves all kernels fitted with what it finds. */
static bool find_cores(const struct fitting *fitting) {
  static const double known[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
  static const double losses[] = {0.5, 1};
  enum { TRIES = sizeof known / sizeof known[0] * 2 };
  const double floor = 1e-6;   /* of each point: 0.1 % are explained well enough */
  double points = 0, even, best = INFINITY, ignored;
  struct cores found = {1, 0};
  for (size_t k = 0; k < fitting->cost->n_kernels; k++) points += (double)fitting->cost->kernels[k].n;
  if (!residual_of(fitting, found, &even)) return false;
  for (int i = 0; i < TRIES; i++) {
    const struct cores cores = {known[i / 2], losses[i % 2]};
    double sum;
    if (!residual_of(fitting, cores, &sum)) return false;
    if (sum < best) best = sum, found = cores;
  }
  /* Twice the gain in log-likelihood of normal errors; one of so many tries gains as much by chance. */
  if (points * log((even + floor * points) / (best + floor * points)) <= 2 * log(TRIES)) found = (struct cores){1, 0};
  return residual_of(fitting, found, &ignored);
}

/* ---- leave-one-out */

/* While the pools are fitted without its unit. */
static struct cost_left_out left_out_of(const struct cost_model *cost, const struct cost_group *group, size_t i,
                                        long unit) {
  const struct kernel_case kase = cost_case_of(group->rows[i]);
  struct candidate candidate;
  if (!candidate_find(cost, group->technique, &kase, unit, &candidate) || !isfinite(candidate.ns))
    return (struct cost_left_out){.ns = NAN};
  return (struct cost_left_out){candidate.ns, candidate_is_extrapolated(&candidate, unit)};
}

/* Leaves the pools that know the unit fitted without it. */
static bool leave_out(const struct fitting *fitting, long unit) {
  struct cost_model *cost = fitting->cost;
  if (!fit_pools(fitting, unit)) return false;
  for (size_t g = 0; g < cost->n; g++) {
    struct cost_group *group = &cost->groups[g];
    for (size_t i = 0; i < group->n; i++)
      if (unit_of(fitting, group->rows[i]) == unit) group->left_out[i] = left_out_of(cost, group, i, unit);
  }
  return true;
}

static bool leave_each_out(const struct fitting *fitting) {
  struct cost_model *cost = fitting->cost;
  for (size_t g = 0; g < cost->n; g++) {
    struct cost_group *group = &cost->groups[g];
    group->left_out = calloc(group->n + 1, sizeof *group->left_out);
    if (!group->left_out) return false;
  }
  for (long unit = 0; unit < fitting->n_units; unit++)
    if (!leave_out(fitting, unit)) return false;
  return fit_pools(fitting, FIT_NEVER);
}

/* ---- errors */

struct squares { double sum, n; };

static void add_squares(const struct cost_group *group, struct squares *out) {
  for (size_t i = 0; i < group->n; i++) {
    if (isnan(group->left_out[i].ns)) continue;
    const double error = log(group->left_out[i].ns / group->rows[i]->time.median);
    out->sum += error * error;
    out->n++;
  }
}

static void set_error(const struct cost_model *cost, struct cost_group *group) {
  struct squares own = {0}, all = {0};
  for (size_t g = 0; g < cost->n; g++)
    if (cost->groups[g].family == group->family && cost->groups[g].regime == group->regime)
      add_squares(&cost->groups[g], &all);
  add_squares(group, &own);
  const double error = sqrt((own.sum + LAW_PRIOR * all.sum / all.n) / (own.n + LAW_PRIOR));
  group->error = isfinite(error) ? error : NAN;
}

bool law_fit(struct cost_model *cost) {
  struct fitting fitting = {.cost = cost};
  const bool ok = find_units(&fitting) && make_pools(&fitting) && find_cores(&fitting) && leave_each_out(&fitting);
  for (size_t g = 0; ok && g < cost->n; g++) set_error(cost, &cost->groups[g]);
  for (size_t p = 0; p < fitting.n_pools; p++) free(fitting.pools[p].members);
  free(fitting.pools);
  free(fitting.unit);
  return ok;
}
