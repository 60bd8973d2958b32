#include "joules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cost.h"

static const struct compare_joules unknown = {NAN, NAN, false};

/* The model counts the bytes that stream from memory: it says nothing of what stays in a cache, nor of the ceilings. */
static bool can_be_modelled(const struct result_row *row) {
  return row->mode != MODE_WARM && strcmp(row->op, "ceilings") != 0 && isfinite(row->bytes) && isfinite(row->flops);
}

static struct compare_joules joules_of(const struct cost_model *cost, const struct result_row *row) {
  if (!row || !status_has_time(row->status)) return unknown;
  if (row->energy.windows) return (struct compare_joules){row->energy.gross, row->energy.gross_error, false};
  if (!cost || !cost->has_energy || !can_be_modelled(row)) return unknown;
  double joules = energy_fit_at(&cost->energy, row->bytes, row->flops, row->time.median);
  return (struct compare_joules){joules, joules * cost->energy.error, true};
}

static bool has_measured(const struct result *result) {
  for (size_t i = 0; i < result->n_rows; i++)
    if (status_has_time(result->rows[i].status) && result->rows[i].energy.windows) return true;
  return false;
}

/* A result of which no cost can be made still has what was measured. */
static bool fill_result(struct comparison *comparison, size_t r) {
  struct error why = {0};
  struct cost_model *cost = NULL;
  if (has_measured(comparison->results[r]) && !(cost = cost_build(comparison->results[r], &why)) &&
      why.kind == ERROR_MEMORY)
    return false;
  for (size_t i = 0; i < comparison->n_rows; i++) {
    struct compare_cell *cell = &comparison->rows[i].cells[r];
    cell->joules = joules_of(cost, cell->row);
    comparison->has_joules[r] |= isfinite(cell->joules.value);
  }
  comparison->any_joules |= comparison->has_joules[r];
  cost_free(cost);
  return true;
}

bool joules_fill(struct comparison *comparison) {
  comparison->has_joules = calloc(comparison->n_results, sizeof *comparison->has_joules);
  if (!comparison->has_joules) return false;
  for (size_t r = 0; r < comparison->n_results; r++)
    if (!fill_result(comparison, r)) return false;
  return true;
}

void joules_text(const struct compare_joules *joules, char *out, size_t size) {
  static const char *const units[] = {"nJ", "uJ", "mJ", "J"};
  char spread[24] = "";
  double value = 1e9 * joules->value, pct = 100 * joules->error / joules->value;
  size_t unit = 0;
  if (!isfinite(value)) {
    snprintf(out, size, "-");
    return;
  }
  for (; value >= 999.5 && unit < 3; unit++) value /= 1000;
  if (isfinite(pct)) snprintf(spread, sizeof spread, " ±%.*f%%", pct < 0.95, pct);
  snprintf(out, size, value < 99.95 ? "%s%#.3g %s%s%s" : "%s%.0f %s%s%s", joules->modelled ? "(" : "", value,
           units[unit], spread, joules->modelled ? ")" : "");
}
