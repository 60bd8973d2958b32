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
