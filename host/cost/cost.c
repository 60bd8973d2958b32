#include "cost.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const regime_names[REGIME_COUNT] = {"decode", "prefill"};

/* Dimensions along which an op repeats or grows; the others name its weight matrix or its head layout. */
static const char *const lengths[] = {"batch", "m", "q", "kv"};

enum { DECODE_ROWS = 8 };   /* where the matrix-vector kernels of the matmul room end */

static int64_t *dim_of(const struct family *family, int64_t *dim, const char *name) {
  for (size_t d = 0; d < family->n_dims; d++)
    if (strcmp(family->dims[d].name, name) == 0) return &dim[d];
  return NULL;
}

static bool is_length(const char *name) {
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
    if (strcmp(lengths[i], name) == 0) return true;
  return false;
}

static bool set_dim(struct kernel_case *kase, const char *name, int64_t value, struct error *err) {
  int64_t *at = dim_of(kase->family, kase->dim, name);
  if (!at) return error_set(err, ERROR_UNSUPPORTED, "op %s has no dimension '%s' in this build", kase->family->name, name);
  const struct dim_def *def = &kase->family->dims[at - kase->dim];
  if (value < def->min || value > def->max)
    return error_set(err, ERROR_INPUT, "%s of %s is %" PRId64 ", the kernels take %" PRId64 " to %" PRId64, name,
                     kase->family->name, value, def->min, def->max);
  *at = value;
  return true;
}

static bool new_case(const char *op, struct kernel_case *kase, struct error *err) {
  *kase = (struct kernel_case){.family = family_find(op), .mode = MODE_COLD};
  if (!kase->family) return error_set(err, ERROR_UNSUPPORTED, "this build has no op '%s'", op);
  for (size_t d = 0; d < kase->family->n_dims; d++) kase->dim[d] = kase->family->dims[d].preset;
  return true;
}

bool cost_matmul_case(const struct op_matmul *op, struct kernel_case *kase, struct error *err) {
  return new_case("matmul", kase, err) && set_dim(kase, "m", op->m, err) && set_dim(kase, "n", op->n, err)
      && set_dim(kase, "k", op->k, err);
}

bool cost_attention_case(const struct op_attention *op, const struct model *model, struct kernel_case *kase, struct error *err) {
  return new_case("attention", kase, err) && set_dim(kase, "batch", op->batch, err) && set_dim(kase, "q", op->q, err)
      && set_dim(kase, "kv", op->kv, err) && set_dim(kase, "heads", model->heads, err)
      && set_dim(kase, "kv_heads", model->kv_heads, err) && set_dim(kase, "head", model->head_dim, err);
}

enum regime cost_regime(const struct kernel_case *kase) {
  int64_t dim[KERNEL_DIMS];
  memcpy(dim, kase->dim, sizeof dim);
  const int64_t *m = dim_of(kase->family, dim, "m"), *q = dim_of(kase->family, dim, "q");
  if (m) return *m <= DECODE_ROWS ? REGIME_DECODE : REGIME_PREFILL;
  return q && *q > 1 ? REGIME_PREFILL : REGIME_DECODE;
}

double cost_stream_bytes(const struct kernel_case *kase, const struct technique *technique) {
  struct tensor_list list = {0};
  struct error err = {0};
  if (!kase->family->tensors(kase, technique, &list, &err)) return NAN;
  double bytes = 0;
  for (size_t i = 0; i < list.n; i++)
    if (list.tensor[i].role == TENSOR_STREAM) bytes += (double)list.tensor[i].bytes;
  return bytes;
}

/* ---- grouping the rows of a result */

static struct kernel_case case_of(const struct result_row *row) {
  struct kernel_case kase = {.family = row->family, .mode = row->mode};
  memcpy(kase.dim, row->dim, sizeof kase.dim);
  return kase;
}

/* An op of a model (ceilings are rulers, not ops), timed on streaming data, by a kernel that this build still has. The
 * three names of a row must agree: its variant will be asked about cases of its op. */
static bool usable(const struct result_row *row) {
  const struct variant *variant = variant_find(row->variant);
  return row->family && status_has_time(row->status) && row->mode != MODE_WARM
      && (strcmp(row->family->name, "matmul") == 0 || strcmp(row->family->name, "attention") == 0)
      && isfinite(row->time.median) && row->time.median > 0
      && variant && strcmp(variant->technique, row->technique) == 0 && family_of_technique(row->technique) == row->family;
}

static bool same_shape(const struct result_row *a, const struct result_row *b) {
  return memcmp(a->dim, b->dim, a->family->n_dims * sizeof a->dim[0]) == 0;
}

static bool same_unit(const struct result_row *a, const struct result_row *b) {
  for (size_t d = 0; d < a->family->n_dims; d++)
    if (!is_length(a->family->dims[d].name) && a->dim[d] != b->dim[d]) return false;
  return true;
}

/* Of equals the one that does not depend on the order of the rows. */
static bool faster(const struct result_row *a, const struct result_row *b) {
  if (a->time.median != b->time.median) return a->time.median < b->time.median;
  if (a->status != b->status) return a->status == STATUS_OK;
  return strcmp(a->variant, b->variant) < 0;
}

/* False where an interval is unknown. */
static bool overlap(const struct result_row *a, const struct result_row *b) {
  return a->time.lo <= b->time.hi && b->time.lo <= a->time.hi;
}

static struct cost_group *group_of(struct cost_model *cost, const struct technique *technique, const struct family *family,
                                   enum regime regime) {
  for (size_t g = 0; g < cost->n; g++)
    if (cost->groups[g].technique == technique && cost->groups[g].regime == regime) return &cost->groups[g];
  struct cost_group *group = &cost->groups[cost->n];
  *group = (struct cost_group){.technique = technique, .family = family, .regime = regime, .error = NAN};
  group->rows = malloc(cost->result->n_rows * sizeof *group->rows);
  if (!group->rows) return NULL;
  cost->n++;
  return group;
}

static bool add_row(struct cost_model *cost, const struct result_row *row) {
  const struct kernel_case kase = case_of(row);
  struct cost_group *group = group_of(cost, technique_find(row->technique), row->family, cost_regime(&kase));
  if (!group) return false;
  for (size_t i = 0; i < group->n; i++) {
    if (!same_shape(group->rows[i], row)) continue;
    if (faster(row, group->rows[i])) group->rows[i] = row;
    return true;
  }
  group->rows[group->n++] = row;
  return true;
}

/* Where the fastest row of a shape is noisy, an ok one that cannot be told from it serves better. Only once the fastest
 * are known: overlap is not transitive, and no order of the rows may matter. */
static void prefer_ok(const struct cost_model *cost, struct cost_group *group) {
  for (size_t g = 0; g < group->n; g++) {
    const struct result_row *fastest = group->rows[g];
    for (size_t i = 0; fastest->status != STATUS_OK && i < cost->result->n_rows; i++) {
      const struct result_row *row = &cost->result->rows[i];
      if (row->status != STATUS_OK || !usable(row) || technique_find(row->technique) != group->technique
          || !same_shape(row, fastest) || !overlap(row, fastest))
        continue;
      if (group->rows[g] == fastest || faster(row, group->rows[g])) group->rows[g] = row;
    }
  }
}

static bool fit_group(struct cost_group *group) {
  group->points = malloc(group->n * sizeof *group->points);
  if (!group->points) return false;
  for (size_t i = 0; i < group->n; i++) {
    const struct kernel_case kase = case_of(group->rows[i]);
    size_t unit = group->n_units;
    for (size_t j = 0; j < i; j++)
      if (same_unit(group->rows[i], group->rows[j])) unit = group->points[j].unit;
    if (unit == group->n_units) group->n_units++;
    group->points[i] = (struct fit_point){kase.family->bytes(&kase, group->technique), kase.family->flops(&kase),
                                          group->rows[i]->time.median, unit};
  }
  group->fitted = fit_solve(group->points, group->n, FIT_ALL, &group->fit);
  if (group->fitted) group->error = fit_leave_one_out(group->points, group->n, group->n_units);
  return true;
}

struct cost_model *cost_build(const struct result *result, struct error *err) {
  struct cost_model *cost = calloc(1, sizeof *cost);
  if (!cost) goto memory;
  cost->result = result;
  size_t n_techniques = 0;
  for (size_t f = 0; f < n_families; f++) n_techniques += families[f]->n_techniques;
  cost->groups = calloc(n_techniques * REGIME_COUNT, sizeof *cost->groups);
  if (!cost->groups) goto memory;
  for (size_t i = 0; i < result->n_rows; i++)
    if (usable(&result->rows[i]) && !add_row(cost, &result->rows[i])) goto memory;
  for (size_t g = 0; g < cost->n; g++) prefer_ok(cost, &cost->groups[g]);
  for (size_t g = 0; g < cost->n; g++)
    if (!fit_group(&cost->groups[g])) goto memory;
  if (cost->n > 0) return cost;
  error_set(err, ERROR_INPUT, "no row of the result is a timed matmul or attention that this build knows; "
                              "run a suite again: vkpareto run --suite standard");
  goto error;

memory:
  error_set(err, ERROR_MEMORY, "out of memory for the cost model of %zu rows", result->n_rows);
error:
  cost_free(cost);
  return NULL;
}

void cost_free(struct cost_model *cost) {
  if (!cost) return;
  for (size_t g = 0; g < cost->n; g++) {
    free(cost->groups[g].rows);
    free(cost->groups[g].points);
  }
  free(cost->groups);
  free(cost);
}

const struct cost_group *cost_find(const struct cost_model *cost, const char *technique, enum regime regime) {
  for (size_t g = 0; g < cost->n; g++)
    if (cost->groups[g].regime == regime && strcmp(cost->groups[g].technique->id, technique) == 0) return &cost->groups[g];
  return NULL;
}

/* ---- prediction */

static bool is_candidate(const struct tunable *tunable, int32_t value) {
  for (size_t v = 0; v < tunable->n; v++)
    if (tunable->values[v] == value) return true;
  return false;
}

/* The row's tuning in the order of its variant's tunables; the preset where the row names no value that the kernel knows. */
static void tuning_of(const struct result_row *row, const struct variant *variant, int32_t tuning[KERNEL_TUNABLES]) {
  for (size_t t = 0; t < variant->n_tunables; t++) {
    const struct tunable *tunable = &variant->tunables[t];
    tuning[t] = tunable->values[0];
    for (size_t r = 0; r < row->n_tuning; r++)
      if (strcmp(row->tuning_names[r], tunable->name) == 0 && is_candidate(tunable, row->tuning[r])) tuning[t] = row->tuning[r];
  }
}

/* What the kernel of `row` needs beside its tensors for this case; false when it cannot run it. */
static bool scratch_of(const struct result_row *row, const struct kernel_case *kase, const struct caps *caps, double *bytes) {
  const struct variant *variant = variant_find(row->variant);
  int32_t tuning[KERNEL_TUNABLES] = {0};
  tuning_of(row, variant, tuning);
  if (variant->valid && variant->valid(kase, caps, tuning)) return false;
  struct dispatch_plan plan = {0};
  struct error err = {0};
  bool ok = variant->plan(variant, kase, caps, tuning, 1, &plan, &err);
  *bytes = 0;
  for (size_t i = 0; ok && i < plan.n_scratch; i++) *bytes += (double)plan.scratch[i];
  dispatch_plan_free(&plan);
  return ok;
}

static double log_ratio(double a, double b) { return fabs(log((a + 1) / (b + 1))); }

static bool is_of(const struct result_row *row, const struct kernel_case *kase) {
  return memcmp(row->dim, kase->dim, kase->family->n_dims * sizeof kase->dim[0]) == 0;
}

/* The row of this very shape, else the one nearest in bytes and operations (which do not tell N from K), whose kernel
 * can run the case; group->n when none can. */
static size_t nearest(const struct cost_group *group, const struct caps *caps, const struct kernel_case *kase, double bytes,
                      double flops, double *scratch) {
  size_t best = group->n;
  double distance = INFINITY;
  for (size_t i = 0; i < group->n; i++) {
    double here = is_of(group->rows[i], kase)
                  ? -1 : log_ratio(bytes, group->points[i].bytes) + log_ratio(flops, group->points[i].flops);
    double need;
    if (here >= distance || !scratch_of(group->rows[i], kase, caps, &need)) continue;
    best = i;
    distance = here;
    *scratch = need;
  }
  return best;
}

static bool outside(double value, double low, double high) { return value < low / 2 || value > high * 2; }

static bool is_extrapolated(const struct cost_group *group, double bytes, double flops) {
  double b[2] = {INFINITY, 0}, f[2] = {INFINITY, 0};
  for (size_t i = 0; i < group->n; i++) {
    b[0] = fmin(b[0], group->points[i].bytes), b[1] = fmax(b[1], group->points[i].bytes);
    f[0] = fmin(f[0], group->points[i].flops), f[1] = fmax(f[1], group->points[i].flops);
  }
  return outside(bytes, b[0], b[1]) || outside(flops, f[0], f[1]);
}

static double finite_or_nan(double value) { return isfinite(value) ? value : NAN; }

bool cost_predict(const struct cost_model *cost, const char *technique, const struct kernel_case *kase,
                  struct cost_estimate *out, struct error *err) {
  const enum regime regime = cost_regime(kase);
  const struct cost_group *group = cost_find(cost, technique, regime);
  if (!group) return error_set(err, ERROR_INPUT, "no usable %s row of %s in the result", regime_names[regime], technique);

  const double bytes = kase->family->bytes(kase, group->technique), flops = kase->family->flops(kase);
  *out = (struct cost_estimate){0};
  const size_t near = nearest(group, &cost->result->caps, kase, bytes, flops, &out->scratch_bytes);
  if (near == group->n)
    return error_set(err, ERROR_UNSUPPORTED, "no measured %s variant of %s can run this shape", regime_names[regime], technique);

  const struct result_row *row = out->row = group->rows[near];
  if (is_of(row, kase)) {
    out->measured = true;
    out->ns = row->time.median;
    out->lo = finite_or_nan(row->time.lo);
    out->hi = finite_or_nan(row->time.hi);
    return true;
  }
  if (!group->fitted)
    return error_set(err, ERROR_INPUT, "%zu %s row%s of %s, a fit needs %d shapes", group->n, regime_names[regime],
                     group->n == 1 ? "" : "s", technique, FIT_MIN_POINTS);
  out->ns = fit_at(&group->fit, bytes, flops);
  out->lo = out->ns * fmax(0, 1 - group->error);
  out->hi = out->ns * (1 + group->error);
  if (isnan(group->error)) out->lo = out->hi = NAN;   /* fmax drops a NAN */
  out->extrapolated = is_extrapolated(group, bytes, flops);
  return true;
}
