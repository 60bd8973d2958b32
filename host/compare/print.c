#include "print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "joules.h"
#include "text.h"

/* From this many results on, a verdict is a sign, so that lines stay under 140 columns. */
enum { SIGNS_FROM = 4 };
static const char *const verdict_signs[VERDICTS] = {
  [VERDICT_FASTER] = "+", [VERDICT_SLOWER] = "-", [VERDICT_TIE] = "=",
  [VERDICT_ONLY_HERE] = "only here", [VERDICT_NEW] = "new",
};

void print_label(size_t result, char *out, size_t size) {
  if (result < 26) snprintf(out, size, "%c", (char)('A' + result));
  else snprintf(out, size, "%c%zu", (char)('A' + result % 26), result / 26);
}

bool compare_print(const struct comparison *comparison, enum compare_format format, FILE *out, struct error *err) {
  bool ok = format == COMPARE_CSV  ? print_csv(comparison, out)
          : format == COMPARE_JSON ? print_json(comparison, out)
                                   : print_wide(comparison, format == COMPARE_MD ? TABLE_MARKDOWN : TABLE_TEXT, out);
  return ok || error_set(err, ERROR_MEMORY, "out of memory printing %zu rows", comparison->n_rows);
}

/* The larger half of an interval in percent: "±3%"; nothing when it is unknown. */
static void spread_text(double value, double lo, double hi, char *out, size_t size) {
  double pct = 100 * fmax(hi / value - 1, 1 - lo / value);
  out[0] = '\0';
  if (isfinite(pct)) snprintf(out, size, " ±%.*f%%", pct < 0.95, pct);
}

static void time_text(const struct compare_cell *cell, char *out, size_t size) {
  if (!cell->row || !status_has_time(cell->row->status)) {
    snprintf(out, size, "%s", cell->row ? status_names[cell->row->status] : "no row");
    return;
  }
  const struct sample_summary *time = &cell->row->time;
  char duration[32], spread[24];
  text_duration(time->median, duration, sizeof duration);
  spread_text(time->median, time->lo, time->hi, spread, sizeof spread);
  snprintf(out, size, "%s%s%s", cell->row->status == STATUS_NOISY ? "~" : "", duration, spread);
}

static void share_text(const struct compare_cell *cell, char *out, size_t size) {
  bool known = cell->verdict != VERDICT_ABSENT && isfinite(cell->row->roofline);
  if (known) snprintf(out, size, "%.*f%%", cell->row->roofline < 0.0995, 100 * cell->row->roofline);
  else snprintf(out, size, "-");
}

static void speed_text(const struct comparison *comparison, const struct compare_cell *cell, char *out, size_t size) {
  const char *verdict = (comparison->n_results < SIGNS_FROM ? compare_verdict_names : verdict_signs)[cell->verdict];
  if (cell->verdict == VERDICT_ABSENT) {
    snprintf(out, size, "-");
  } else if (isnan(cell->speed)) {
    snprintf(out, size, "%s", verdict);
  } else {
    char spread[24];
    spread_text(cell->speed, cell->lo, cell->hi, spread, sizeof spread);
    snprintf(out, size, cell->speed < 99.95 ? "%s %#.3gx%s" : "%s %.0fx%s", verdict, cell->speed, spread);
  }
}

/* Beside the technique's. */
static size_t count_columns(const struct comparison *comparison) {
  size_t columns = 3 * comparison->n_results - 1;
  for (size_t r = 0; r < comparison->n_results; r++) columns += comparison->has_joules[r];
  return columns;
}

/* A column for the technique, then time, share and (if known) joules of each result, and the speed of all but the
 * baseline. */
static struct table *make_table(const struct comparison *comparison, const char *op) {
  size_t columns = 1 + count_columns(comparison);
  char (*text)[64] = calloc(columns, sizeof *text);
  const char **headings = calloc(columns, sizeof *headings);
  struct table *table = NULL;
  if (text && headings) {
    size_t c = 0;
    char base[8], label[8];
    print_label(comparison->baseline, base, sizeof base);
    snprintf(text[c++], sizeof *text, "%s", op);
    for (size_t r = 0; r < comparison->n_results; r++) {
      print_label(r, label, sizeof label);
      snprintf(text[c++], sizeof *text, ">%s time", label);
      snprintf(text[c++], sizeof *text, ">own");
      if (comparison->has_joules[r]) snprintf(text[c++], sizeof *text, ">%s energy", label);
      if (r != comparison->baseline) snprintf(text[c++], sizeof *text, ">%s vs %s", label, base);
    }
    for (size_t i = 0; i < columns; i++) headings[i] = text[i];
    table = table_create(headings, columns);
  }
  free(text);
  free(headings);
  return table;
}

static void add_shape(struct table *table, const struct comparison *comparison, const struct compare_row *row) {
  table_cell(table, "%s %s", row->shape, kernel_mode_names[row->mode]);
  for (size_t i = 0; i < count_columns(comparison); i++) table_cell(table, "%s", "");
}

static void add_row(struct table *table, const struct comparison *comparison, const struct compare_row *row) {
  char text[64];
  table_cell(table, "  %s", row->technique);
  for (size_t r = 0; r < comparison->n_results; r++) {
    time_text(&row->cells[r], text, sizeof text);
    table_cell(table, "%s", text);
    share_text(&row->cells[r], text, sizeof text);
    table_cell(table, "%s", text);
    if (comparison->has_joules[r]) {
      joules_text(&row->cells[r].joules, text, sizeof text);
      table_cell(table, "%s", text);
    }
    if (r == comparison->baseline) continue;
    speed_text(comparison, &row->cells[r], text, sizeof text);
    table_cell(table, "%s", text);
  }
}

static bool same_shape(const struct compare_row *a, const struct compare_row *b) {
  return strcmp(a->shape, b->shape) == 0 && a->mode == b->mode;
}

/* One table per op; returns where the next op begins, 0 when memory ran out. */
static size_t print_op(const struct comparison *comparison, size_t from, enum table_format format, FILE *out) {
  const struct compare_row *rows = comparison->rows;
  struct table *table = make_table(comparison, rows[from].op);
  if (!table) return 0;
  size_t at = from;
  for (; at < comparison->n_rows && strcmp(rows[at].op, rows[from].op) == 0; at++) {
    if (at == from || !same_shape(&rows[at - 1], &rows[at])) add_shape(table, comparison, &rows[at]);
    add_row(table, comparison, &rows[at]);
  }
  fputc('\n', out);
  bool ok = table_print(table, format, out) || ferror(out);
  table_free(table);
  return ok ? at : 0;
}

/* Which device, driver and suite each letter stands for. */
static bool print_header(const struct comparison *comparison, enum table_format format, FILE *out) {
  static const char *const headings[] = {"", "device", "driver", "suite"};
  struct table *table = table_create(headings, 4);
  if (!table) return false;
  for (size_t r = 0; r < comparison->n_results; r++) {
    const struct result *result = comparison->results[r];
    char label[8];
    print_label(r, label, sizeof label);
    table_cell(table, "%s%s", label, comparison->n_results > 1 && r == comparison->baseline ? " (baseline)" : "");
    table_cell(table, "%s", result->caps.name);
    table_cell(table, "%s %s", result->caps.driver_name, result->caps.driver_info);
    table_cell(table, "%s", result->run.suite);
  }
  bool ok = table_print(table, format, out) || ferror(out);
  table_free(table);
  return ok;
}

static void print_matches(const struct comparison *comparison, const char *base, FILE *out) {
  fprintf(out, "%zu of %zu rows have a time in every result; %zu of these differ from %s beyond the intervals.\n",
          comparison->matched, comparison->n_rows, comparison->differ, base);
  fprintf(out, "\"vs %s\" is %s's time / the other's: above 1x is faster than %s%s.\n", base, base, base,
          comparison->n_results < SIGNS_FROM ? "" : " (+ faster, - slower, = tie)");
}

static void print_footer(const struct comparison *comparison, FILE *out) {
  char base[8];
  print_label(comparison->baseline, base, sizeof base);
  fputc('\n', out);
  if (comparison->n_results > 1) print_matches(comparison, base, out);
  fprintf(out, "± is the wider half of the 95 %% interval, ~ marks a noisy time.\n"
          "\"own\" is the share of %s own measured ceiling%s\n",
          comparison->n_results > 1 ? "that device's" : "the device's",
          comparison->n_results > 1 ? ": it does not compare devices." : ".");
  if (comparison->any_joules)
    fputs("\"energy\" is that of one run with the device's idle power, measured, or (in parentheses) modelled by what "
          "was measured.\n", out);
}

bool print_wide(const struct comparison *comparison, enum table_format format, FILE *out) {
  if (!print_header(comparison, format, out)) return false;
  for (size_t at = 0; at < comparison->n_rows;)
    if (!(at = print_op(comparison, at, format, out))) return false;
  print_footer(comparison, out);
  return true;
}
