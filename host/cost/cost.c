#include "cost.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How the dimensions of an op enter its cost. Beside its lengths, a shape belongs to one unit: a weight matrix, a head
 * layout. */
struct cost_family {
  const char *name;
  const char *rows;        /* few of them are served by other kernels than many; NULL: by the same, in one regime */
  int64_t decode;          /* so many rows at most are decode */
  const char *lengths[3];  /* along which the op repeats or grows: rows that differ only there are left out together */
  const char *idle[2];     /* do not alter the time: a row measured at any value serves for all */
  const char *preset;      /* rows where this is not at its preset are studies of the kernel, not of a model */
};

/* Of the small ops every shape is a unit of its own: one row and hundreds are as far apart as two widths. */
static const struct cost_family cost_families[] = {
  {"matmul", "m", 8, {"m"}, {0}, NULL},                       /* 8: where the matrix-vector kernels end */
  {"adapter", "m", 8, {"m", "rank", "adapters"}, {0}, NULL},  /* over the kernels of matmul */
  {"moe", "tokens", 8, {"tokens"}, {0}, "load"},              /* the expected load of a model is the uniform one */
  {"attention", "q", 1, {"batch", "q", "kv"}, {0}, "causal"},
  {"kv_cache", NULL, 0, {0}, {"position", "kv"}, NULL},
  {"block", NULL, 0, {0}, {"position", "vocab"}, NULL},
  {"router", NULL, 0, {0}, {"renormalise"}, "sigmoid"},
};

static const char *const regime_words[REGIME_COUNT] = {"decode ", "prefill ", ""};

/* NULL: not an op of a model (ceilings are rulers). */
static const struct cost_family *cost_family_of(const struct family *family) {
  for (size_t i = 0; i < sizeof cost_families / sizeof cost_families[0]; i++)
    if (strcmp(cost_families[i].name, family->name) == 0) return &cost_families[i];
  return NULL;
}

static bool is_among(const char *name, const char *const names[], size_t n) {
  for (size_t i = 0; i < n && names[i]; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

static bool is_length(const struct cost_family *cost, const char *name) { return is_among(name, cost->lengths, 3); }
static bool is_idle(const struct cost_family *cost, const char *name) { return is_among(name, cost->idle, 2); }

static bool in_range(const struct kernel_case *kase, struct error *err) {
  for (size_t d = 0; d < kase->family->n_dims; d++) {
    const struct dim_def *def = &kase->family->dims[d];
    if (kase->dim[d] < def->min || kase->dim[d] > def->max)
      return error_set(err, ERROR_INPUT, "%s of %s is %" PRId64 ", the kernels take %" PRId64 " to %" PRId64, def->name,
                       kase->family->name, kase->dim[d], def->min, def->max);
  }
  return true;
}

enum regime cost_regime(const struct kernel_case *kase) {
  const struct cost_family *cost = cost_family_of(kase->family);
  for (size_t d = 0; cost && cost->rows && d < kase->family->n_dims; d++) {
    if (strcmp(kase->family->dims[d].name, cost->rows) != 0) continue;
    return kase->dim[d] <= cost->decode ? REGIME_DECODE : REGIME_PREFILL;
  }
  return REGIME_ANY;
}

double cost_stream_bytes(const struct kernel_case *kase, const struct technique *technique) {
  struct tensor_list list = {0};
  struct error err = {0};
  if (!in_range(kase, &err) || !kase->family->tensors(kase, technique, &list, &err)) return NAN;
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

static bool at_preset(const struct result_row *row, const char *name) {
  for (size_t d = 0; name && d < row->family->n_dims; d++)
    if (strcmp(row->family->dims[d].name, name) == 0) return row->dim[d] == row->family->dims[d].preset;
  return true;
}

/* An op of a model, timed on streaming data, by a kernel that this build still has. The three names of a row must
 * agree: its variant will be asked about cases of its op. */
static bool usable(const struct result_row *row) {
  const struct cost_family *cost = row->family ? cost_family_of(row->family) : NULL;
  const struct variant *variant = variant_find(row->variant);
  return cost && status_has_time(row->status) && row->mode != MODE_WARM && at_preset(row, cost->preset)
      && isfinite(row->time.median) && row->time.median > 0
      && variant && strcmp(variant->technique, row->technique) == 0 && family_of_technique(row->technique) == row->family;
}

/* The same shape for what is asked here: an op of one family costs the same at both. */
static bool same_shape(const struct family *family, const int64_t *a, const int64_t *b) {
  const struct cost_family *cost = cost_family_of(family);
  for (size_t d = 0; d < family->n_dims; d++)
    if (!is_idle(cost, family->dims[d].name) && a[d] != b[d]) return false;
  return true;
}

static bool same_unit(const struct family *family, const int64_t *a, const int64_t *b) {
  const struct cost_family *cost = cost_family_of(family);
  for (size_t d = 0; d < family->n_dims; d++)
    if (!is_length(cost, family->dims[d].name) && !is_idle(cost, family->dims[d].name) && a[d] != b[d]) return false;
  return true;
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
  group->rows[group->n++] = row;
  return true;
}

/* Leaves the one row of each shape that counts, in the order of the first of each. */
static void keep_fastest(struct cost_group *group) {
  size_t kept = 0;
  for (size_t from = 0; from < group->n; kept++) {
    const int64_t *shape = group->rows[from]->dim;
    size_t same = from + 1;   /* rows of this shape move to the front */
    for (size_t i = from + 1; i < group->n; i++) {
      const struct result_row *row = group->rows[i];
      if (!same_shape(group->family, row->dim, shape)) continue;
      group->rows[i] = group->rows[same];
      group->rows[same++] = row;
    }
    group->rows[kept] = result_fastest(&group->rows[from], same - from);
    from = same;
  }
  group->n = kept;
}

static bool fit_group(struct cost_group *group) {
  group->points = malloc(group->n * sizeof *group->points);
  if (!group->points) return false;
  for (size_t i = 0; i < group->n; i++) {
    const struct kernel_case kase = case_of(group->rows[i]);
    size_t unit = group->n_units;
    for (size_t j = 0; j < i; j++)
      if (same_unit(group->family, group->rows[i]->dim, group->rows[j]->dim)) unit = group->points[j].unit;
    if (unit == group->n_units) group->n_units++;
    group->points[i] = (struct fit_point){kase.family->bytes(&kase, group->technique), kase.family->flops(&kase),
                                          group->rows[i]->time.median, unit};
  }
  group->fitted = fit_solve(group->points, group->n, FIT_ALL, &group->fit);
  if (group->fitted) group->error = fit_leave_one_out(group->points, group->n, group->n_units);
  return true;
}

static bool has_joules(const struct result_row *row) { return usable(row) && row->energy.windows > 0; }

/* One unit per shape: of one shape the formats share the kernels' inner loops and the clocks of their minute. */
static bool fit_energy(struct cost_model *cost) {
  const struct result *result = cost->result;
  struct energy_point *points = malloc((result->n_rows + 1) * sizeof *points);
  const struct result_row **rows = malloc((result->n_rows + 1) * sizeof *rows);
  size_t n = 0, n_units = 0;
  for (size_t i = 0; points && rows && i < result->n_rows; i++) {
    const struct result_row *row = &result->rows[i];
    if (!has_joules(row)) continue;
    const struct kernel_case kase = case_of(row);
    size_t unit = n_units;
    for (size_t j = 0; j < n; j++)
      if (rows[j]->family == row->family && same_shape(row->family, rows[j]->dim, row->dim)) unit = points[j].unit;
    if (unit == n_units) n_units++;
    rows[n] = row;
    points[n++] = (struct energy_point){kase.family->bytes(&kase, technique_find(row->technique)),
                                        kase.family->flops(&kase),
                                        isfinite(row->energy.run_ns) ? row->energy.run_ns : row->time.median,
                                        row->energy.gross, unit};
  }
  cost->has_energy = points && rows && energy_fit_solve(points, n, n_units, &cost->energy);
  const bool ok = points && rows;
  free(points);
  free(rows);
  return ok;
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
  for (size_t g = 0; g < cost->n; g++) keep_fastest(&cost->groups[g]);
  for (size_t g = 0; g < cost->n; g++)
    if (!fit_group(&cost->groups[g])) goto memory;
  if (!fit_energy(cost)) goto memory;
  if (cost->n > 0) return cost;
  error_set(err, ERROR_INPUT, "no row of the result is a timed op of a model that this build knows; "
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
  return same_shape(kase->family, row->dim, kase->dim);
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

/* What the device drew idle in the gaps between submissions, which an engine has not, is not the op's. */
static double measured_joules(const struct result_row *row) {
  const double gap = row->energy.run_ns - row->time.median, idle = 1e-9 * gap * row->energy.idle_watts;
  return gap > 0 && idle < row->energy.gross ? row->energy.gross - idle : row->energy.gross;
}

static void predict_joules(const struct cost_model *cost, double bytes, double flops, struct cost_estimate *out) {
  out->joules_measured = out->measured && out->row->energy.windows > 0;
  out->joules = out->joules_error = NAN;
  if (out->joules_measured) {
    out->joules = measured_joules(out->row);
    out->joules_error = out->row->energy.gross_error;
  } else if (cost->has_energy) {
    out->joules = energy_fit_at(&cost->energy, bytes, flops, out->ns);
    out->joules_error = out->joules * cost->energy.error;
  }
}

double cost_idle_joules(const struct cost_model *cost, double ns) {
  return cost->has_energy ? energy_fit_at(&cost->energy, 0, 0, ns) : NAN;
}

static double finite_or_nan(double value) { return isfinite(value) ? value : NAN; }

bool cost_predict(const struct cost_model *cost, const char *technique, const struct kernel_case *kase,
                  struct cost_estimate *out, struct error *err) {
  if (!in_range(kase, err)) return false;
  const enum regime regime = cost_regime(kase);
  const char *word = regime_words[regime];
  const struct cost_group *group = cost_find(cost, technique, regime);
  if (!group) return error_set(err, ERROR_INPUT, "no usable %srow of %s in the result", word, technique);

  struct tensor_list tensors = {0};
  if (!kase->family->tensors(kase, group->technique, &tensors, err)) return false;
  const double bytes = kase->family->bytes(kase, group->technique), flops = kase->family->flops(kase);
  *out = (struct cost_estimate){0};
  const size_t near = nearest(group, &cost->result->caps, kase, bytes, flops, &out->scratch_bytes);
  if (near == group->n)
    return error_set(err, ERROR_UNSUPPORTED, "no measured %svariant of %s can run this shape", word, technique);

  const struct result_row *row = out->row = group->rows[near];
  if (is_of(row, kase)) {
    out->measured = true;
    out->ns = row->time.median;
    out->lo = finite_or_nan(row->time.lo);
    out->hi = finite_or_nan(row->time.hi);
    predict_joules(cost, bytes, flops, out);
    return true;
  }
  if (!group->fitted)
    return error_set(err, ERROR_INPUT, "%zu %srow%s of %s, a fit needs %d shapes", group->n, word,
                     group->n == 1 ? "" : "s", technique, FIT_MIN_POINTS);
  out->ns = fit_at(&group->fit, bytes, flops);
  out->lo = out->ns * fmax(0, 1 - group->error);
  out->hi = out->ns * (1 + group->error);
  if (isnan(group->error)) out->lo = out->hi = NAN;   /* fmax drops a NAN */
  out->extrapolated = is_extrapolated(group, bytes, flops);
  predict_joules(cost, bytes, flops, out);
  return true;
}
