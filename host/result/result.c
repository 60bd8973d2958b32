#include "result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const status_names[STATUS_COUNT] = {
  "ok", "noisy", "unsupported", "not_built", "skipped", "wrong", "failed", "timeout", "lost", "implausible",
};

static void row_free(struct result_row *row) {
  free(row->id);
  free(row->op);
  free(row->technique);
  free(row->variant);
  free(row->reason);
  free(row->codegen_reason);
  free(row->energy_reason);
  for (size_t i = 0; i < KERNEL_TUNABLES; i++) free(row->tuning_names[i]);
}

void result_free(struct result *result) {
  if (!result) return;
  for (size_t i = 0; i < result->n_rows; i++) row_free(&result->rows[i]);
  free(result->rows);
  free(result);
}

double result_flops_ceiling(const struct result *result, const char *name) {
  for (size_t i = 0; i < result->ceilings.n_flops; i++)
    if (strcmp(result->ceilings.flops[i].name, name) == 0) return result->ceilings.flops[i].value;
  return NAN;
}

/* Of equals the one that does not depend on the order of the rows. */
static bool is_faster(const struct result_row *a, const struct result_row *b) {
  if (a->time.median != b->time.median) return a->time.median < b->time.median;
  if (a->status != b->status) return a->status == STATUS_OK;
  return strcmp(a->variant, b->variant) < 0;
}

static bool intervals_overlap(const struct result_row *a, const struct result_row *b) {
  return a->time.lo <= b->time.hi && b->time.lo <= a->time.hi;
}

/* In two sweeps, since overlap is not transitive. */
const struct result_row *result_fastest(const struct result_row *const *rows, size_t n) {
  const struct result_row *fastest = rows[0], *sure = NULL;
  for (size_t i = 1; i < n; i++)
    if (is_faster(rows[i], fastest)) fastest = rows[i];
  for (size_t i = 0; i < n && fastest->status != STATUS_OK; i++) {
    if (rows[i]->status != STATUS_OK || !intervals_overlap(rows[i], fastest)) continue;
    if (!sure || is_faster(rows[i], sure)) sure = rows[i];
  }
  return sure ? sure : fastest;
}
