#include "cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "candidate.h"
#include "demand.h"
#include "law.h"

static const char *const regime_words[REGIME_COUNT] = {"decode ", "prefill ", ""};

double cost_stream_bytes(const struct kernel_case *kase, const struct technique *technique) {
  struct tensor_list list = {0};
  struct error err = {0};
  if (!family_in_range(kase, &err) || !kase->family->tensors(kase, technique, &list, &err)) return NAN;
  double bytes = 0;
  for (size_t i = 0; i < list.n; i++)
    if (list.tensor[i].role == TENSOR_STREAM) bytes += (double)list.tensor[i].bytes;
  return bytes;
}

/* ---- grouping the rows of a result */

struct kernel_case cost_case_of(const struct result_row *row) {
  struct kernel_case kase = {.family = row->family, .mode = row->mode};
  memcpy(kase.dim, row->dim, sizeof kase.dim);
  return kase;
}

static bool can_be_planned(const struct result_row *row, const struct caps *caps) {
  const struct kernel_case kase = cost_case_of(row);
  struct tensor_list tensors = {0};
  struct error err = {0};
  struct demand demand;
  return family_in_range(&kase, &err) && row->family->tensors(&kase, technique_find(row->technique), &tensors, &err) &&
         demand_of(row, &kase, caps, (struct cores){1, 0}, &demand);
}

/* An op of a model, timed on streaming data, by a kernel that this build still has. The three names of a row must
 * agree: its variant will be asked about cases of its op. */
static bool usable(const struct result_row *row, const struct caps *caps) {
  const struct variant *variant = variant_find(row->variant);
  return row->family && family_is_costed(row->family) && status_has_time(row->status) && row->mode != MODE_WARM
      && family_at_preset(row->family, row->dim) && isfinite(row->time.median) && row->time.median > 0
      && variant && strcmp(variant->technique, row->technique) == 0
      && family_of_technique(row->technique) == row->family && can_be_planned(row, caps);
}

static struct cost_group *group_of(struct cost_model *cost, const struct technique *technique,
                                   const struct family *family, enum regime regime) {
  for (size_t g = 0; g < cost->n; g++)
    if (cost->groups[g].technique == technique && cost->groups[g].regime == regime) return &cost->groups[g];
  struct cost_group *group = &cost->groups[cost->n];
  *group = (struct cost_group){.technique = technique, .family = family, .regime = regime};
  group->rows = malloc(cost->result->n_rows * sizeof *group->rows);
  if (!group->rows) return NULL;
  cost->n++;
  return group;
}

static struct cost_kernel *kernel_of(struct cost_model *cost, const struct variant *variant, enum regime regime) {
  for (size_t k = 0; k < cost->n_kernels; k++)
    if (cost->kernels[k].variant == variant && cost->kernels[k].regime == regime) return &cost->kernels[k];
  struct cost_kernel *kernel = &cost->kernels[cost->n_kernels];
  *kernel = (struct cost_kernel){.variant = variant, .technique = technique_find(variant->technique), .regime = regime};
  kernel->rows = malloc(cost->result->n_rows * sizeof *kernel->rows);
  if (!kernel->rows) return NULL;
  cost->n_kernels++;
  return kernel;
}

static bool add_row(struct cost_model *cost, const struct result_row *row) {
  const struct kernel_case kase = cost_case_of(row);
  struct cost_group *group = group_of(cost, technique_find(row->technique), row->family, cost_regime(&kase));
  struct cost_kernel *kernel = group ? kernel_of(cost, variant_find(row->variant), cost_law_regime(&kase)) : NULL;
  if (!kernel) return false;
  group->rows[group->n++] = kernel->rows[kernel->n++] = row;
  return true;
}

/* Leaves the one row of each shape that counts, in the order of the first of each; returns how many these are. */
static size_t keep_fastest(const struct result_row **rows, size_t n) {
  size_t kept = 0;
  for (size_t from = 0; from < n; kept++) {
    const struct result_row *first = rows[from];
    size_t same = from + 1;   /* rows of this shape move to the front */
    for (size_t i = from + 1; i < n; i++) {
      const struct result_row *row = rows[i];
      if (!family_same_shape(first->family, row->dim, first->dim)) continue;
      rows[i] = rows[same];
      rows[same++] = row;
    }
    rows[kept] = result_fastest(&rows[from], same - from);
    from = same;
  }
  return kept;
}

static bool make_groups(struct cost_model *cost) {
  const struct result *result = cost->result;
  size_t n_techniques = 0, n_variants = 0;
  for (size_t f = 0; f < n_families; f++) {
    n_techniques += families[f]->n_techniques;
    n_variants += families[f]->n_variants;
  }
  cost->groups = calloc(n_techniques * REGIME_COUNT, sizeof *cost->groups);
  cost->kernels = calloc(n_variants * REGIME_COUNT, sizeof *cost->kernels);
  if (!cost->groups || !cost->kernels) return false;
  for (size_t i = 0; i < result->n_rows; i++)
    if (usable(&result->rows[i], &result->caps) && !add_row(cost, &result->rows[i])) return false;
  for (size_t g = 0; g < cost->n; g++) cost->groups[g].n = keep_fastest(cost->groups[g].rows, cost->groups[g].n);
  for (size_t k = 0; k < cost->n_kernels; k++)
    cost->kernels[k].n = keep_fastest(cost->kernels[k].rows, cost->kernels[k].n);
  return true;
}

/* ---- energy */

static bool has_joules(const struct result_row *row, const struct caps *caps) {
  return row->energy.windows > 0 && usable(row, caps);
}

/* One unit per shape: of one shape the formats share the kernels' inner loops and the clocks of their minute. */
static bool fit_energy(struct cost_model *cost) {
  const struct result *result = cost->result;
  struct energy_point *points = malloc((result->n_rows + 1) * sizeof *points);
  const struct result_row **rows = malloc((result->n_rows + 1) * sizeof *rows);
  size_t n = 0, n_units = 0;
  for (size_t i = 0; points && rows && i < result->n_rows; i++) {
    const struct result_row *row = &result->rows[i];
    if (!has_joules(row, &result->caps)) continue;
    const struct kernel_case kase = cost_case_of(row);
    size_t unit = n_units;
    for (size_t j = 0; j < n; j++)
      if (rows[j]->family == row->family && family_same_shape(row->family, rows[j]->dim, row->dim))
        unit = points[j].unit;
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

/* Rows are planned again, on the limits of the file: with limits that no driver may have, into millions of windows.
 * Vulkan 1.3, table of required limits. */
static bool limits_are_possible(const struct caps *caps, struct error *err) {
  const uint64_t storage_range = 1u << 27, group_count = 65535;
  bool ok = caps->limits.storage_range >= storage_range;
  for (int i = 0; i < 3; i++) ok = ok && caps->limits.group_count[i] >= group_count;
  return ok || error_set(err, ERROR_INPUT, "the result's device.limits are below what every Vulkan device has: "
                                           "storage_range 134217728, group_count 65535");
}

struct cost_model *cost_build(const struct result *result, struct error *err) {
  if (!limits_are_possible(&result->caps, err)) return NULL;
  struct cost_model *cost = calloc(1, sizeof *cost);
  if (!cost) goto memory;
  cost->result = result;
  if (!make_groups(cost)) goto memory;
  if (!law_fit(cost)) goto memory;
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
    free(cost->groups[g].left_out);
  }
  for (size_t k = 0; k < cost->n_kernels; k++) {
    free(cost->kernels[k].rows);
    free(cost->kernels[k].fit.points);
  }
  free(cost->kernels);
  free(cost->groups);
  free(cost);
}

const struct cost_group *cost_find(const struct cost_model *cost, const char *technique, enum regime regime) {
  for (size_t g = 0; g < cost->n; g++)
    if (cost->groups[g].regime == regime && strcmp(cost->groups[g].technique->id, technique) == 0)
      return &cost->groups[g];
  return NULL;
}

/* ---- prediction */

/* The row of this very shape; NULL: there is none. */
static const struct result_row *row_of(const struct cost_group *group, const struct kernel_case *kase) {
  for (size_t i = 0; i < group->n; i++)
    if (family_same_shape(kase->family, group->rows[i]->dim, kase->dim)) return group->rows[i];
  return NULL;
}

static double finite_or_nan(double value) { return isfinite(value) ? value : NAN; }

static void set_interval(double ns, double error, struct cost_estimate *out) {
  const double normal_95 = 1.96;
  out->ns = ns;
  out->lo = finite_or_nan(ns * exp(-normal_95 * error));
  out->hi = finite_or_nan(ns * exp(normal_95 * error));
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

/* By the row of this very shape; false when there is none whose kernel can run the case. */
static bool take_row(const struct cost_model *cost, const struct cost_group *group, const struct kernel_case *kase,
                     struct cost_estimate *out) {
  const struct result_row *row = row_of(group, kase);
  struct demand demand;
  if (!row || !demand_of(row, kase, &cost->result->caps, cost->cores, &demand)) return false;
  *out = (struct cost_estimate){.ns = row->time.median, .lo = finite_or_nan(row->time.lo),
                                .hi = finite_or_nan(row->time.hi), .row = row, .measured = true,
                                .scratch_bytes = demand.scratch_bytes};
  return true;
}

static bool take_law(const struct cost_model *cost, const struct cost_group *group, const struct kernel_case *kase,
                     struct cost_estimate *out, struct error *err) {
  const char *word = regime_words[group->regime], *id = group->technique->id;
  struct candidate found;
  if (!candidate_find(cost, group->technique, kase, FIT_NEVER, &found))
    return error_set(err, ERROR_UNSUPPORTED, "no measured %svariant of %s can run this shape", word, id);
  if (!isfinite(found.ns))
    return error_set(err, ERROR_INPUT, "%zu %srow%s of %s, a fit needs %d shapes of one kernel", group->n, word,
                     group->n == 1 ? "" : "s", id, FIT_MIN_POINTS);
  *out = (struct cost_estimate){.row = found.row, .scratch_bytes = found.demand.scratch_bytes,
                                .extrapolated = candidate_is_extrapolated(&found, FIT_NEVER)};
  set_interval(found.ns, group->error, out);
  return true;
}

bool cost_predict(const struct cost_model *cost, const char *technique, const struct kernel_case *kase,
                  struct cost_estimate *out, struct error *err) {
  if (!family_in_range(kase, err)) return false;
  const enum regime regime = cost_regime(kase);
  const struct cost_group *group = cost_find(cost, technique, regime);
  if (!group)
    return error_set(err, ERROR_INPUT, "no usable %srow of %s in the result", regime_words[regime], technique);
  struct tensor_list tensors = {0};
  if (!kase->family->tensors(kase, group->technique, &tensors, err)) return false;
  if (!take_row(cost, group, kase, out) && !take_law(cost, group, kase, out, err)) return false;
  predict_joules(cost, kase->family->bytes(kase, group->technique), kase->family->flops(kase), out);
  return true;
}

bool cost_left_out(const struct cost_group *group, size_t i, struct cost_estimate *out) {
  const struct cost_left_out *left_out = &group->left_out[i];
  *out = (struct cost_estimate){.row = group->rows[i], .extrapolated = left_out->extrapolated, .joules = NAN,
                                .joules_error = NAN};
  if (isnan(left_out->ns)) return false;
  set_interval(left_out->ns, group->error, out);
  return true;
}
