#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "table.h"

static void prints(const struct table *table, enum table_format format, const char *expected) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  assert_non_null(out);
  assert_true(table_print(table, format, out));
  fclose(out);
  assert_string_equal(text, expected);
  free(text);
}

static struct table *example(void) {
  static const char *const headings[] = {"name", ">time", "note"};
  struct table *table = table_create(headings, 3);
  assert_non_null(table);
  table_cell(table, "gemv");
  table_cell(table, "%.1f", 12.5);
  table_cell(table, "%s", "a, \"b\"");
  table_cell(table, "caf\xc3\xa9");
  table_cell(table, "%d", 3);
  table_cell(table, "x|y");
  return table;
}

static void text_is_aligned_by_characters(void **state) {
  (void)state;
  struct table *table = example();
  prints(table, TABLE_TEXT,
         "name  time  note\n"
         "----  ----  ------\n"
         "gemv  12.5  a, \"b\"\n"
         "caf\xc3\xa9     3  x|y\n");
  table_free(table);
}

static void csv_quotes_as_rfc_4180_says(void **state) {
  (void)state;
  struct table *table = example();
  prints(table, TABLE_CSV, "name,time,note\r\ngemv,12.5,\"a, \"\"b\"\"\"\r\ncaf\xc3\xa9,3,x|y\r\n");
  table_free(table);
}

static void markdown_escapes_bars(void **state) {
  (void)state;
  struct table *table = example();
  prints(table, TABLE_MARKDOWN,
         "| name | time | note |\n|---|---:|---|\n| gemv | 12.5 | a, \"b\" |\n| caf\xc3\xa9 | 3 | x\\|y |\n");
  table_free(table);
}

static void control_characters_become_spaces(void **state) {
  (void)state;
  static const char *const heading[] = {"h"};
  struct table *table = table_create(heading, 1);
  table_cell(table, "a\033[31m\nb");
  prints(table, TABLE_CSV, "h\r\na [31m b\r\n");
  table_free(table);
}

static void an_empty_table_is_its_headings(void **state) {
  (void)state;
  static const char *const headings[] = {"a", ">b"};
  struct table *table = table_create(headings, 2);
  prints(table, TABLE_TEXT, "a  b\n-  -\n");
  prints(table, TABLE_MARKDOWN, "| a | b |\n|---|---:|\n");
  table_free(table);
  table_free(NULL);
}

static void an_incomplete_row_is_refused(void **state) {
  (void)state;
  struct table *table = example();
  table_cell(table, "half a row");
  assert_false(table_print(table, TABLE_TEXT, stderr));
  table_free(table);
}

static void write_errors_are_told(void **state) {
  (void)state;
  struct table *table = example();
  FILE *full = fopen("/dev/full", "w");
  if (!full) skip();
  setvbuf(full, NULL, _IONBF, 0);
  assert_false(table_print(table, TABLE_CSV, full));
  fclose(full);
  table_free(table);
}

static void many_rows_are_kept(void **state) {
  (void)state;
  static const char *const headings[] = {">i"};
  struct table *table = table_create(headings, 1);
  for (int i = 0; i < 5000; i++) table_cell(table, "%d", i);
  char *text = NULL;
  size_t bytes = 0, lines = 0;
  FILE *out = open_memstream(&text, &bytes);
  assert_true(table_print(table, TABLE_TEXT, out));
  fclose(out);
  for (size_t i = 0; i < bytes; i++) lines += text[i] == '\n';
  assert_int_equal(lines, 5002);
  free(text);
  table_free(table);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_is_aligned_by_characters),
    cmocka_unit_test(csv_quotes_as_rfc_4180_says),
    cmocka_unit_test(markdown_escapes_bars),
    cmocka_unit_test(control_characters_become_spaces),
    cmocka_unit_test(an_empty_table_is_its_headings),
    cmocka_unit_test(an_incomplete_row_is_refused),
    cmocka_unit_test(write_errors_are_told),
    cmocka_unit_test(many_rows_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
