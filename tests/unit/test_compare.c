#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "json.h"

/* A matmul row whose interval is the median -+ half. */
static struct result_row row(char *shape_id, char *technique, char *variant, double median, double half) {
  return (struct result_row){
    .id = shape_id, .op = "matmul", .technique = technique, .variant = variant, .mode = MODE_COLD, .status = STATUS_OK,
    .time = {.median = median, .lo = median - half, .hi = median + half, .samples = 20, .rounds = 5}, .roofline = 0.5,
  };
}

static struct result_row absent(char *shape_id, char *technique, char *variant, enum status status) {
  struct result_row result_row = row(shape_id, technique, variant, NAN, 0);
  result_row.status = status;
  return result_row;
}

static struct result result(const char *name, struct result_row *rows, size_t n) {
  struct result made = {.rows = rows, .n_rows = n};
  snprintf(made.caps.name, sizeof made.caps.name, "%s", name);
  return made;
}

static struct comparison *compare_pair(const struct result *a, const struct result *b) {
  static const struct result *pair[2];
  pair[0] = a;
  pair[1] = b;
  struct error err = {0};
  struct comparison *comparison = compare_make(pair, 2, 0, &err);
  assert_non_null(comparison);
  return comparison;
}

/* What compare_print writes; free it. */
static char *printed(const struct comparison *comparison, enum compare_format format) {
  char *text = NULL;
  size_t size;
  struct error err = {0};
  FILE *out = open_memstream(&text, &size);
  assert_true(compare_print(comparison, format, out, &err));
  fclose(out);
  return text;
}

static void speed_is_the_ratio_of_the_times(void **state) {
  (void)state;
  struct result_row a = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 300, 3);
  struct result_row b = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 100, 4);
  struct result ra = result("a", &a, 1), rb = result("b", &b, 1);
  struct comparison *comparison = compare_pair(&ra, &rb);
  assert_int_equal(comparison->n_rows, 1);
  const struct compare_cell *cell = &comparison->rows[0].cells[1];
  assert_int_equal(cell->verdict, VERDICT_FASTER);
  assert_float_equal(cell->speed, 3.0, 1e-12);
  assert_float_equal(log(3 / cell->lo), hypot(log(300 / 297.0), log(104 / 100.0)), 1e-12);
  assert_float_equal(log(cell->hi / 3), hypot(log(303 / 300.0), log(100 / 96.0)), 1e-12);
  assert_int_equal(comparison->rows[0].cells[0].verdict, VERDICT_BASELINE);
  assert_int_equal(comparison->differ, 1);
  compare_free(comparison);
}

static void overlapping_intervals_are_a_tie(void **state) {
  (void)state;
  struct result_row a = row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 100, 4);
  struct result_row inside = row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 105, 4);    /* 5 < sqrt(32) */
  struct result_row outside = row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 107, 4);   /* 7 > sqrt(32) */
  struct result ra = result("a", &a, 1), rb = result("b", &inside, 1), rc = result("c", &outside, 1);
  struct comparison *tie = compare_pair(&ra, &rb), *slower = compare_pair(&ra, &rc);
  assert_int_equal(tie->rows[0].cells[1].verdict, VERDICT_TIE);
  assert_int_equal(tie->differ, 0);
  assert_int_equal(tie->matched, 1);
  assert_int_equal(slower->rows[0].cells[1].verdict, VERDICT_SLOWER);
  compare_free(tie);
  compare_free(slower);
}

static void unknown_interval_never_decides(void **state) {
  (void)state;
  struct result_row a = row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 100, 1);
  struct result_row b = row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 10, NAN);
  struct result ra = result("a", &a, 1), rb = result("b", &b, 1);
  struct comparison *comparison = compare_pair(&ra, &rb);
  assert_int_equal(comparison->rows[0].cells[1].verdict, VERDICT_TIE);
  assert_float_equal(comparison->rows[0].cells[1].speed, 10, 1e-12);
  compare_free(comparison);
}

static void fastest_variant_with_a_time_stands_for_the_technique(void **state) {
  (void)state;
  struct result_row a[] = {
    absent("matmul/m1/f16.coopmat/cold", "matmul.f16", "matmul.f16.coopmat", STATUS_WRONG),
    row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 50, 1),
    row("matmul/m1/f16.tiled/cold", "matmul.f16", "matmul.f16.tiled", 40, 1),
  };
  a[0].time = (struct sample_summary){.median = 1, .lo = 1, .hi = 1};   /* a wrong kernel's time counts for nothing */
  struct result_row b = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 40, 1);
  struct result ra = result("a", a, 3), rb = result("b", &b, 1);
  struct comparison *comparison = compare_pair(&ra, &rb);
  assert_int_equal(comparison->n_rows, 1);
  assert_string_equal(comparison->rows[0].cells[0].row->variant, "matmul.f16.tiled");
  assert_int_equal(comparison->rows[0].cells[1].verdict, VERDICT_TIE);
  compare_free(comparison);
}

/* As in a recommendation: of what cannot be told from the fastest, an ok row is better known than a noisy one. */
static void an_ok_row_stands_before_a_noisy_one_that_it_overlaps(void **state) {
  (void)state;
  for (int apart = 0; apart < 2; apart++) {
    struct result_row rows[] = {row("matmul/m1/f16.x/cold", "matmul.f16", "x", 100, 20),
                                row("matmul/m1/f16.y/cold", "matmul.f16", "y", apart ? 140 : 110, 5)};
    rows[0].status = STATUS_NOISY;
    struct result ra = result("a", rows, 2), rb = result("b", rows, 2);
    struct comparison *comparison = compare_pair(&ra, &rb);
    assert_string_equal(comparison->rows[0].cells[0].row->variant, apart ? "x" : "y");
    compare_free(comparison);
  }
}

static void rows_match_by_shape_technique_and_mode(void **state) {
  (void)state;
  struct result_row a[] = {
    row("matmul/m16/f16.gemv/cold", "matmul.f16", "v", 10, 1),
    row("matmul/m8/f16.gemv/cold", "matmul.f16", "v", 10, 1),
    row("matmul/m8/int8.gemv/cold", "matmul.int8", "v", 10, 1),
    absent("matmul/m32/f16.gemv/cold", "matmul.f16", "v", STATUS_SKIPPED),
  };
  struct result_row b[] = {
    row("matmul/m8/f16.gemv/warm", "matmul.f16", "v", 10, 1),
    absent("matmul/m8/int8.gemv/cold", "matmul.int8", "v", STATUS_UNSUPPORTED),
    absent("matmul/m32/f16.gemv/cold", "matmul.f16", "v", STATUS_SKIPPED),
  };
  b[0].mode = MODE_WARM;
  struct result ra = result("a", a, 4), rb = result("b", b, 3);
  struct comparison *comparison = compare_pair(&ra, &rb);
  assert_int_equal(comparison->n_rows, 4);   /* m32 has no time anywhere */
  assert_int_equal(comparison->matched, 0);
  assert_string_equal(comparison->rows[0].shape, "m8");
  assert_string_equal(comparison->rows[1].technique, "int8");
  assert_int_equal(comparison->rows[1].cells[1].verdict, VERDICT_ABSENT);
  assert_int_equal(comparison->rows[1].cells[1].row->status, STATUS_UNSUPPORTED);
  assert_int_equal(comparison->rows[2].mode, MODE_WARM);
  assert_int_equal(comparison->rows[2].cells[1].verdict, VERDICT_ONLY_HERE);
  assert_null(comparison->rows[2].cells[0].row);
  assert_string_equal(comparison->rows[3].shape, "m16");   /* after m8: numbers in order */
  compare_free(comparison);
}

static void row_without_a_baseline_time_is_new(void **state) {
  (void)state;
  struct result_row a = row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 10, 1), b = a;
  struct result empty = result("empty", NULL, 0), ra = result("a", &a, 1), rb = result("b", &b, 1);
  const struct result *results[] = {&empty, &ra, &rb};
  struct error err = {0};
  struct comparison *comparison = compare_make(results, 3, 0, &err);
  assert_int_equal(comparison->rows[0].cells[1].verdict, VERDICT_NEW);
  assert_true(isnan(comparison->rows[0].cells[2].speed));
  compare_free(comparison);
  comparison = compare_make(results, 3, 1, &err);
  assert_int_equal(comparison->rows[0].cells[2].verdict, VERDICT_TIE);
  compare_free(comparison);
}

static void same_result_twice_ties_everywhere(void **state) {
  (void)state;
  struct result_row a[] = {row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 10, 0),
                           row("matmul/m2/f16.gemv/cold", "matmul.f16", "v", 20, 0)};
  struct result ra = result("a", a, 2);
  struct comparison *comparison = compare_pair(&ra, &ra);
  assert_int_equal(comparison->matched, 2);
  assert_int_equal(comparison->differ, 0);
  assert_int_equal(compare_gate(comparison, 0).slower, 0);
  assert_int_equal(compare_gate(comparison, 0).compared, 2);
  compare_free(comparison);
}

static void gate_counts_what_is_slower_beyond_percent_and_interval(void **state) {
  (void)state;
  struct result_row a[] = {row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 100, 1),
                           row("matmul/m2/f16.gemv/cold", "matmul.f16", "v", 100, 1),
                           row("matmul/m3/f16.gemv/cold", "matmul.f16", "v", 100, 1)};
  struct result_row b[] = {row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 120, 1),
                           row("matmul/m2/f16.gemv/cold", "matmul.f16", "v", 105, 1),
                           row("matmul/m3/f16.gemv/cold", "matmul.f16", "v", 150, 60)};
  struct result ra = result("a", a, 3), rb = result("b", b, 3);
  struct comparison *comparison = compare_pair(&ra, &rb);
  assert_int_equal(compare_gate(comparison, 0).slower, 2);
  assert_int_equal(compare_gate(comparison, 10).slower, 1);
  assert_int_equal(compare_gate(comparison, 20.01).slower, 0);
  assert_int_equal(compare_gate(comparison, 0).compared, 3);
  assert_int_equal(compare_gate(comparison, 0).broken, 0);
  compare_free(comparison);
}

static void gate_counts_what_broke_since_the_baseline(void **state) {
  (void)state;
  static const struct { enum status status; size_t broken; } cases[] = {
    {STATUS_WRONG, 1}, {STATUS_FAILED, 1}, {STATUS_TIMEOUT, 1}, {STATUS_LOST, 1}, {STATUS_IMPLAUSIBLE, 1},
    {STATUS_UNSUPPORTED, 0}, {STATUS_NOT_BUILT, 0}, {STATUS_SKIPPED, 0},
  };
  struct result_row a[] = {row("matmul/m1/f16.gemv/cold", "matmul.f16", "v", 100, 1),
                           row("matmul/m2/f16.gemv/cold", "matmul.f16", "v", 100, 1)};
  struct result ra = result("a", a, 2);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct result_row b[] = {absent("matmul/m1/f16.gemv/cold", "matmul.f16", "v", cases[i].status),
                             absent("matmul/m1/f16.coopmat/cold", "matmul.f16", "u", STATUS_UNSUPPORTED)};
    struct result rb = result("b", b, 2);
    struct comparison *comparison = compare_pair(&ra, &rb), *mended = compare_pair(&rb, &ra);
    assert_int_equal(compare_gate(comparison, 0).broken, cases[i].broken);   /* m2 is of another suite */
    assert_int_equal(compare_gate(comparison, 0).compared, 0);
    assert_int_equal(compare_gate(mended, 0).broken, 0);
    compare_free(comparison);
    compare_free(mended);
  }
}

static void table_shows_times_shares_and_verdicts(void **state) {
  (void)state;
  struct result_row a[] = {row("matmul/m1-n64/f16.gemv/cold", "matmul.f16", "v", 1230, 12.3),
                           row("matmul/m1-n64/int8.gemv/cold", "matmul.int8", "v", 1000, 1)};
  struct result_row b[] = {row("matmul/m1-n64/f16.gemv/cold", "matmul.f16", "v", 2460, 24.6),
                           absent("matmul/m1-n64/int8.gemv/cold", "matmul.int8", "v", STATUS_TIMEOUT)};
  struct result ra = result("Card One", a, 2), rb = result("Card Two", b, 2);
  struct comparison *comparison = compare_pair(&ra, &rb);
  char *text = printed(comparison, COMPARE_TABLE);
  assert_non_null(strstr(text, "A (baseline)  Card One"));
  assert_non_null(strstr(text, "m1-n64 cold"));
  assert_non_null(strstr(text, "1.23 us ±1%"));
  assert_non_null(strstr(text, "50%"));
  assert_non_null(strstr(text, "slower 0.500x ±1%"));
  assert_non_null(strstr(text, "timeout"));
  assert_non_null(strstr(text, "1 of 2 rows"));
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) assert_true(strlen(line) <= 140);
  free(text);
  compare_free(comparison);
}

static void four_results_fit_140_columns(void **state) {
  (void)state;
  struct result_row rows[4];
  struct result made[4];
  const struct result *results[4];
  for (size_t i = 0; i < 4; i++) {
    rows[i] = row("attention/b1-q1-k4096-h32-g8-d128/flash_split_kv_int8.rows/cold", "attention.flash_split_kv_int8",
                  "v", 123456.0 * (double)(i + 1), 20000);
    rows[i].op = "attention";
    made[i] = result("a device of some vendor", &rows[i], 1);
    results[i] = &made[i];
  }
  struct error err = {0};
  struct comparison *comparison = compare_make(results, 4, 0, &err);
  char *text = printed(comparison, COMPARE_TABLE);
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    size_t columns = 0;
    for (const char *c = line; *c; c++) columns += (*c & 0xc0) != 0x80;
    assert_true(columns <= 140);
  }
  free(text);
  compare_free(comparison);
}

static void csv_has_a_line_per_row_and_result(void **state) {
  (void)state;
  struct result_row a = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 100, 1);
  struct result_row b = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 50, 1);
  struct result ra = result("with, comma", &a, 1), rb = result("b", &b, 1);
  struct comparison *comparison = compare_pair(&ra, &rb);
  char *text = printed(comparison, COMPARE_CSV);
  assert_non_null(strstr(text, "matmul,m1,cold,f16,A,\"with, comma\""));
  assert_non_null(strstr(text, ",100,99,101,0.5,,,,baseline\r\n"));
  assert_non_null(strstr(text, ",50,49,51,0.5,2,"));
  free(text);
  compare_free(comparison);
}

static void json_is_valid_and_unknown_is_null(void **state) {
  (void)state;
  struct result_row a = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 100, 1);
  struct result_row b = row("matmul/m1/f16.gemv/cold", "matmul.f16", "matmul.f16.gemv", 50, 1);
  a.roofline = NAN;
  struct result ra = result("a", &a, 1), rb = result("b", &b, 1);
  struct comparison *comparison = compare_pair(&ra, &rb);
  char *text = printed(comparison, COMPARE_JSON);
  struct error err = {0};
  cJSON *root = json_parse(text, strlen(text), &err);
  assert_non_null(root);
  const cJSON *cells = cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(root, "rows"), 0), "results");
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(cJSON_GetArrayItem(cells, 0), "share_of_own_ceiling")));
  const cJSON *speed = cJSON_GetObjectItem(cJSON_GetArrayItem(cells, 1), "speed");
  assert_float_equal(cJSON_GetObjectItem(speed, "value")->valuedouble, 2, 1e-12);
  cJSON_Delete(root);
  free(text);
  compare_free(comparison);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(speed_is_the_ratio_of_the_times),
    cmocka_unit_test(overlapping_intervals_are_a_tie),
    cmocka_unit_test(unknown_interval_never_decides),
    cmocka_unit_test(fastest_variant_with_a_time_stands_for_the_technique),
    cmocka_unit_test(an_ok_row_stands_before_a_noisy_one_that_it_overlaps),
    cmocka_unit_test(rows_match_by_shape_technique_and_mode),
    cmocka_unit_test(row_without_a_baseline_time_is_new),
    cmocka_unit_test(same_result_twice_ties_everywhere),
    cmocka_unit_test(gate_counts_what_is_slower_beyond_percent_and_interval),
    cmocka_unit_test(gate_counts_what_broke_since_the_baseline),
    cmocka_unit_test(table_shows_times_shares_and_verdicts),
    cmocka_unit_test(four_results_fit_140_columns),
    cmocka_unit_test(csv_has_a_line_per_row_and_result),
    cmocka_unit_test(json_is_valid_and_unknown_is_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
