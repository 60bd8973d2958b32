#include "family.h"

#include <inttypes.h>
#include <string.h>

/* Beside its lengths, a shape belongs to one unit: a weight matrix, a head layout. */
struct cost_family {
  const char *name;
  const char *rows;        /* few of them are served by other kernels than many; NULL: by the same, in one regime */
  int64_t decode;          /* so many rows at most are decode */
  bool apart;              /* one kernel serves few rows and many, at other costs: each regime has its law */
  const char *lengths[3];  /* along which the op repeats or grows: rows that differ only there are left out together */
  const char *idle[2];     /* do not alter the time: a row measured at any value serves for all */
  const char *preset;      /* rows where this is not at its preset are studies */
  const char *score;       /* 4 operations for each of these make one score: a product with a key, one with a value */
};

/* Of the small ops every shape is a unit of its own: one row and hundreds are as far apart as two widths. */
static const struct cost_family cost_families[] = {
  {"matmul", "m", 8, false, {"m"}, {0}, NULL, NULL},                 /* 8: where the matrix-vector kernels end */
  {"adapter", "m", 8, false, {"m", "rank", "adapters"}, {0}, NULL, NULL},   /* over the kernels of matmul */
  {"moe", "tokens", 8, false, {"tokens"}, {0}, "load", NULL},   /* the expected load of a model is the uniform one */
  {"attention", "q", 1, true, {"batch", "q", "kv"}, {0}, "causal", "head"},
  {"kv_cache", NULL, 0, false, {0}, {"position", "kv"}, NULL, NULL},
  {"block", NULL, 0, false, {0}, {"position", "vocab"}, NULL, NULL},
  {"router", NULL, 0, false, {0}, {"renormalise"}, "sigmoid", NULL},
};

static const struct cost_family *cost_family_of(const struct family *family) {
  for (size_t i = 0; i < sizeof cost_families / sizeof cost_families[0]; i++)
    if (strcmp(cost_families[i].name, family->name) == 0) return &cost_families[i];
  return NULL;
}

bool family_is_costed(const struct family *family) { return cost_family_of(family) != NULL; }

/* The index of a dimension; family->n_dims for one that is not there, or no name. */
static size_t dim_of(const struct family *family, const char *name) {
  size_t d = 0;
  while (d < family->n_dims && (!name || strcmp(family->dims[d].name, name) != 0)) d++;
  return d;
}

enum regime cost_regime(const struct kernel_case *kase) {
  const struct cost_family *cost = cost_family_of(kase->family);
  const size_t rows = dim_of(kase->family, cost ? cost->rows : NULL);
  if (rows == kase->family->n_dims) return REGIME_ANY;
  return kase->dim[rows] <= cost->decode ? REGIME_DECODE : REGIME_PREFILL;
}

enum regime cost_law_regime(const struct kernel_case *kase) {
  return cost_family_of(kase->family)->apart ? cost_regime(kase) : REGIME_ANY;
}

bool family_at_preset(const struct family *family, const int64_t *dim) {
  const size_t preset = dim_of(family, cost_family_of(family)->preset);
  return preset == family->n_dims || dim[preset] == family->dims[preset].preset;
}

static bool is_among(const char *name, const char *const names[], size_t n) {
  for (size_t i = 0; i < n && names[i]; i++)
    if (strcmp(names[i], name) == 0) return true;
  return false;
}

bool family_same_shape(const struct family *family, const int64_t *a, const int64_t *b) {
  const struct cost_family *cost = cost_family_of(family);
  for (size_t d = 0; d < family->n_dims; d++)
    if (a[d] != b[d] && !is_among(family->dims[d].name, cost->idle, 2)) return false;
  return true;
}

bool family_same_unit(const struct family *family, const int64_t *a, const int64_t *b) {
  const struct cost_family *cost = cost_family_of(family);
  for (size_t d = 0; d < family->n_dims; d++) {
    const char *name = family->dims[d].name;
    if (a[d] != b[d] && !is_among(name, cost->lengths, 3) && !is_among(name, cost->idle, 2)) return false;
  }
  return true;
}

double family_per_score(const struct kernel_case *kase) {
  const size_t score = dim_of(kase->family, cost_family_of(kase->family)->score);
  return score == kase->family->n_dims ? 0 : 4 * (double)kase->dim[score];
}

bool family_in_range(const struct kernel_case *kase, struct error *err) {
  for (size_t d = 0; d < kase->family->n_dims; d++) {
    const struct dim_def *def = &kase->family->dims[d];
    if (kase->dim[d] < def->min || kase->dim[d] > def->max)
      return error_set(err, ERROR_INPUT, "%s of %s is %" PRId64 ", the kernels take %" PRId64 " to %" PRId64, def->name,
                       kase->family->name, kase->dim[d], def->min, def->max);
  }
  return true;
}
