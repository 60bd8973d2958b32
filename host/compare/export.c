#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "print.h"

static const char *status_of(const struct compare_cell *cell) {
  return cell->row ? status_names[cell->row->status] : "no row";
}

static void number_cell(struct table *table, double value) {
  if (isfinite(value)) table_cell(table, "%.6g", value);
  else table_cell(table, "%s", "");
}

static const char *source_of(const struct compare_cell *cell) {
  return isnan(cell->joules.value) ? "" : cell->joules.modelled ? "modelled" : "measured";
}

static void csv_row(struct table *table, const struct comparison *comparison, const struct compare_row *row, size_t r) {
  const struct compare_cell *cell = &row->cells[r];
  const struct caps *caps = &comparison->results[r]->caps;
  bool timed = cell->verdict != VERDICT_ABSENT;
  char label[8];
  print_label(r, label, sizeof label);
  table_cell(table, "%s", row->op);
  table_cell(table, "%s", row->shape);
  table_cell(table, "%s", kernel_mode_names[row->mode]);
  table_cell(table, "%s", row->technique);
  table_cell(table, "%s", label);
  table_cell(table, "%s", caps->name);
  table_cell(table, "%s %s", caps->driver_name, caps->driver_info);
  table_cell(table, "%s", timed ? cell->row->variant : "");
  table_cell(table, "%s", status_of(cell));
  number_cell(table, timed ? cell->row->time.median : NAN);
  number_cell(table, timed ? cell->row->time.lo : NAN);
  number_cell(table, timed ? cell->row->time.hi : NAN);
  number_cell(table, timed ? cell->row->roofline : NAN);
  number_cell(table, cell->speed);
  number_cell(table, cell->lo);
  number_cell(table, cell->hi);
  table_cell(table, "%s", compare_verdict_names[cell->verdict]);
  if (!comparison->any_joules) return;
  number_cell(table, cell->joules.value);
  number_cell(table, cell->joules.error);
  table_cell(table, "%s", source_of(cell));
}

bool print_csv(const struct comparison *comparison, FILE *out) {
  static const char *const headings[] = {
    "op", "shape", "mode", "technique", "result", "device", "driver", "variant", "status", "time_ns", "time_lo_ns",
    "time_hi_ns", "share_of_own_ceiling", "speed", "speed_lo", "speed_hi", "verdict",
    "joules", "joules_error", "joules_source",   /* where any result has them */
  };
  struct table *table = table_create(headings, sizeof headings / sizeof headings[0] - (comparison->any_joules ? 0 : 3));
  if (!table) return false;
  for (size_t i = 0; i < comparison->n_rows; i++)
    for (size_t r = 0; r < comparison->n_results; r++) csv_row(table, comparison, &comparison->rows[i], r);
  bool ok = table_print(table, TABLE_CSV, out) || ferror(out);
  table_free(table);
  return ok;
}

static void add_interval(cJSON *object, const char *name, double value, double lo, double hi) {
  cJSON *interval = cJSON_AddObjectToObject(object, name);
  json_add_number(interval, "value", value);
  json_add_number(interval, "lo", lo);
  json_add_number(interval, "hi", hi);
}

static cJSON *cell_json(const struct compare_cell *cell) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "status", status_of(cell));
  cJSON_AddStringToObject(object, "verdict", compare_verdict_names[cell->verdict]);
  if (cell->verdict == VERDICT_ABSENT) return object;
  cJSON_AddStringToObject(object, "variant", cell->row->variant);
  add_interval(object, "time_ns", cell->row->time.median, cell->row->time.lo, cell->row->time.hi);
  json_add_number(object, "share_of_own_ceiling", cell->row->roofline);
  if (!isnan(cell->speed)) add_interval(object, "speed", cell->speed, cell->lo, cell->hi);
  if (isnan(cell->joules.value)) return object;
  cJSON *energy = cJSON_AddObjectToObject(object, "energy");
  json_add_number(energy, "joules", cell->joules.value);
  json_add_number(energy, "error", cell->joules.error);
  cJSON_AddStringToObject(energy, "source", source_of(cell));
  return object;
}

static cJSON *row_json(const struct comparison *comparison, const struct compare_row *row) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "op", row->op);
  cJSON_AddStringToObject(object, "shape", row->shape);
  cJSON_AddStringToObject(object, "mode", kernel_mode_names[row->mode]);
  cJSON_AddStringToObject(object, "technique", row->technique);
  cJSON *cells = cJSON_AddArrayToObject(object, "results");
  for (size_t r = 0; r < comparison->n_results; r++) cJSON_AddItemToArray(cells, cell_json(&row->cells[r]));
  return object;
}

static cJSON *result_json(const struct result *result) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "device", result->caps.name);
  cJSON_AddStringToObject(object, "driver", result->caps.driver_name);
  cJSON_AddStringToObject(object, "driver_info", result->caps.driver_info);
  cJSON_AddStringToObject(object, "suite", result->run.suite);
  cJSON_AddStringToObject(object, "path", result->path);
  cJSON_AddStringToObject(object, "sha256", result->sha256);
  return object;
}

bool print_json(const struct comparison *comparison, FILE *out) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "vkpareto.compare/1");
  json_add_int(root, "baseline", (int64_t)comparison->baseline);
  cJSON *results = cJSON_AddArrayToObject(root, "results");
  for (size_t r = 0; r < comparison->n_results; r++) cJSON_AddItemToArray(results, result_json(comparison->results[r]));
  cJSON *rows = cJSON_AddArrayToObject(root, "rows");
  for (size_t i = 0; i < comparison->n_rows; i++)
    cJSON_AddItemToArray(rows, row_json(comparison, &comparison->rows[i]));
  json_add_int(root, "matched", (int64_t)comparison->matched);
  json_add_int(root, "differ", (int64_t)comparison->differ);
  char *text = json_text(root, JSON_WIDTH);
  cJSON_Delete(root);
  if (text) fprintf(out, "%s\n", text);
  free(text);
  return text != NULL;
}
