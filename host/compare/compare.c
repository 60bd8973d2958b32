#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "joules.h"

const char *const compare_format_names[COMPARE_FORMATS] = {"table", "csv", "md", "json"};
const char *const compare_verdict_names[VERDICTS] = {
  "baseline", "faster", "slower", "tie", "only here", "new", "absent",
};

/* A row of one result, with the key it is matched by. The shape comes from the id, which also rows of an op that this
 * build does not know carry. */
struct entry {
  const struct result_row *row;
  size_t result;
  char shape[160];
};

static void shape_of(const struct result_row *row, char *out, size_t size) {
  const char *from = strchr(row->id, '/');
  from = from ? from + 1 : row->id;
  size_t length = strcspn(from, "/");
  if (length >= size) length = size - 1;
  memcpy(out, from, length);
  out[length] = '\0';
}

static int compare_keys(const struct entry *a, const struct entry *b) {
  int order = strcmp(a->row->op, b->row->op);
  if (!order) order = strverscmp(a->shape, b->shape);   /* m8 before m16 */
  if (!order) order = (int)a->row->mode - (int)b->row->mode;
  return order ? order : strverscmp(a->row->technique, b->row->technique);
}

/* Ran, or tried to, and has no time for it. */
static bool is_broken(enum status status) {
  return status == STATUS_WRONG || status == STATUS_FAILED || status == STATUS_TIMEOUT || status == STATUS_LOST ||
         status == STATUS_IMPLAUSIBLE;
}

/* Within a key by result, then those with a time, then the broken: the first of a result stands for it where none has a
 * time, and a broken variant does not hide behind one that the device lacks something for. */
static int compare_entries(const void *left, const void *right) {
  const struct entry *a = left, *b = right;
  int order = compare_keys(a, b);
  if (order) return order;
  if (a->result != b->result) return a->result < b->result ? -1 : 1;
  bool a_timed = status_has_time(a->row->status), b_timed = status_has_time(b->row->status);
  if (a_timed != b_timed) return a_timed ? -1 : 1;
  bool a_broken = is_broken(a->row->status), b_broken = is_broken(b->row->status);
  if (a_broken != b_broken) return a_broken ? -1 : 1;
  return strcmp(a->row->variant, b->row->variant);
}

static struct entry *gather(const struct result *const *results, size_t n, size_t *n_entries, struct error *err) {
  *n_entries = 0;
  for (size_t r = 0; r < n; r++) *n_entries += results[r]->n_rows;
  struct entry *entries = calloc(*n_entries + 1, sizeof *entries);
  if (!entries) {
    error_set(err, ERROR_MEMORY, "out of memory comparing %zu rows", *n_entries);
    return NULL;
  }
  size_t at = 0;
  for (size_t r = 0; r < n; r++)
    for (size_t i = 0; i < results[r]->n_rows; i++, at++) {
      entries[at] = (struct entry){.row = &results[r]->rows[i], .result = r};
      shape_of(entries[at].row, entries[at].shape, sizeof entries[at].shape);
    }
  qsort(entries, *n_entries, sizeof *entries, compare_entries);
  return entries;
}

static bool has_time(const struct compare_cell *cell) { return cell->row && status_has_time(cell->row->status); }

/* An unknown interval is an unbounded one. */
static double log_ratio(double large, double small) {
  double ratio = log(large / small);
  return ratio >= 0 ? ratio : INFINITY;
}

static void judge_against(const struct sample_summary *base, struct compare_cell *cell) {
  const struct sample_summary *time = &cell->row->time;
  cell->speed = base->median / time->median;
  cell->lo = cell->speed * exp(-hypot(log_ratio(base->median, base->lo), log_ratio(time->hi, time->median)));
  cell->hi = cell->speed * exp(hypot(log_ratio(base->hi, base->median), log_ratio(time->median, time->lo)));
  cell->verdict = cell->lo > 1 ? VERDICT_FASTER : cell->hi < 1 ? VERDICT_SLOWER : VERDICT_TIE;
}

static void judge(struct comparison *comparison, struct compare_row *row) {
  const struct compare_cell *base = &row->cells[comparison->baseline];
  size_t timed = 0;
  bool differs = false;
  for (size_t r = 0; r < comparison->n_results; r++) timed += has_time(&row->cells[r]);
  for (size_t r = 0; r < comparison->n_results; r++) {
    struct compare_cell *cell = &row->cells[r];
    cell->speed = cell->lo = cell->hi = NAN;
    if (!has_time(cell)) cell->verdict = VERDICT_ABSENT;
    else if (timed == 1) cell->verdict = VERDICT_ONLY_HERE;
    else if (cell == base) cell->verdict = VERDICT_BASELINE;
    else if (!has_time(base)) cell->verdict = VERDICT_NEW;
    else judge_against(&base->row->time, cell);
    differs |= cell->verdict == VERDICT_FASTER || cell->verdict == VERDICT_SLOWER;
  }
  comparison->matched += timed == comparison->n_results;
  comparison->differ += timed == comparison->n_results && differs;
}

static const char *without_op(const struct result_row *row) {
  size_t length = strlen(row->op);
  bool prefixed = strncmp(row->technique, row->op, length) == 0 && row->technique[length] == '.';
  return prefixed ? row->technique + length + 1 : row->technique;
}

/* Of the n rows of one result, in the order of the entries: the one that stands for them. */
static const struct result_row *standing(const struct result_row *const *rows, size_t n) {
  size_t timed = 0;
  while (timed < n && status_has_time(rows[timed]->status)) timed++;
  return timed ? result_fastest(rows, timed) : rows[0];
}

/* Takes the entries of one key; returns whether any of them has a time, so that the row is kept. */
static bool fill_row(struct compare_row *row, const struct entry *entries, const struct result_row *const *rows,
                     size_t n) {
  bool timed = false;
  row->op = entries[0].row->op;
  row->technique = without_op(entries[0].row);
  row->mode = entries[0].row->mode;
  memcpy(row->shape, entries[0].shape, sizeof row->shape);
  for (size_t from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && entries[to].result == entries[from].result;) to++;
    const struct result_row *stands = standing(rows + from, to - from);
    row->cells[entries[from].result].row = stands;
    timed |= status_has_time(stands->status);
  }
  return timed;
}

static void fill_rows(struct comparison *comparison, const struct entry *entries,
                      const struct result_row *const *rows, size_t n) {
  for (size_t from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && compare_keys(&entries[from], &entries[to]) == 0;) to++;
    struct compare_row *row = &comparison->rows[comparison->n_rows];
    row->cells = &comparison->cells[comparison->n_rows * comparison->n_results];
    if (!fill_row(row, entries + from, rows + from, to - from)) {
      memset(row->cells, 0, comparison->n_results * sizeof *row->cells);
      continue;
    }
    judge(comparison, row);
    comparison->n_rows++;
  }
}

static size_t count_keys(const struct entry *entries, size_t n) {
  size_t keys = n > 0;
  for (size_t i = 1; i < n; i++) keys += compare_keys(&entries[i - 1], &entries[i]) != 0;
  return keys;
}

struct comparison *compare_make(const struct result *const *results, size_t n, size_t baseline, struct error *err) {
  size_t n_entries;
  struct entry *entries = gather(results, n, &n_entries, err);
  if (!entries) return NULL;
  size_t keys = count_keys(entries, n_entries);
  const struct result_row **rows = calloc(n_entries + 1, sizeof *rows);
  struct comparison *comparison = calloc(1, sizeof *comparison);
  if (!comparison || !rows) goto error;
  for (size_t i = 0; i < n_entries; i++) rows[i] = entries[i].row;
  *comparison = (struct comparison){.results = results, .n_results = n, .baseline = baseline};
  comparison->rows = calloc(keys + 1, sizeof *comparison->rows);
  comparison->cells = calloc(keys + 1, n * sizeof *comparison->cells);
  if (!comparison->rows || !comparison->cells) goto error;
  fill_rows(comparison, entries, rows, n_entries);
  if (!joules_fill(comparison)) goto error;
  free(rows);
  free(entries);
  return comparison;
error:
  error_set(err, ERROR_MEMORY, "out of memory comparing %zu rows", n_entries);
  compare_free(comparison);
  free(rows);
  free(entries);
  return NULL;
}

void compare_free(struct comparison *comparison) {
  if (!comparison) return;
  free(comparison->rows);
  free(comparison->cells);
  free(comparison->has_joules);
  free(comparison);
}

struct compare_gate compare_gate(const struct comparison *comparison, double pct) {
  struct compare_gate gate = {0};
  for (size_t i = 0; i < comparison->n_rows; i++) {
    const struct compare_cell *cells = comparison->rows[i].cells;
    if (!has_time(&cells[comparison->baseline])) continue;
    for (size_t r = 0; r < comparison->n_results; r++) {
      if (r == comparison->baseline) continue;
      gate.compared += has_time(&cells[r]);
      gate.slower += cells[r].verdict == VERDICT_SLOWER && 1 / cells[r].speed - 1 > pct / 100;
      gate.broken += cells[r].row && is_broken(cells[r].row->status);
    }
  }
  return gate;
}
