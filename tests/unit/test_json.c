#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "json.h"
#include "rng.h"

static cJSON *parse(const char *text) {
  struct error err = {0};
  cJSON *root = json_parse(text, strlen(text), &err);
  if (!root) fail_msg("refused: %s", err.text);
  return root;
}

static void refuses(const char *text, size_t bytes, const char *where) {
  struct error err = {0};
  cJSON *root = json_parse(text, bytes, &err);
  if (root) fail_msg("taken: %.60s", text);
  assert_int_equal(err.kind, ERROR_INPUT);
  if (!strstr(err.text, where)) fail_msg("'%s' does not say '%s'", err.text, where);
}

static void what_is_not_json_is_refused_with_its_place(void **state) {
  (void)state;
  static const struct { const char *text, *where; } bad[] = {
    {"", "empty"},
    {"   ", "line 1"},
    {"{", "line 1"},
    {"[1,]", "line 1"},
    {"{\"a\":1,}", "misplaced"},
    {"{\"a\" 1}", "misplaced"},
    {"[1 2]", "misplaced"},
    {"{} {}", "column 4: text after"},
    {"[]x", "text after"},
    {"nul", "misplaced"},
    {"[NaN]", "misplaced"},
    {"[Infinity]", "misplaced"},
    {"[01]", "number"},
    {"[1.]", "number"},
    {"[.5]", "misplaced"},
    {"[+1]", "misplaced"},
    {"[-]", "number"},
    {"[1e]", "number"},
    {"[1e999]", "out of range"},
    {"[-1e999]", "out of range"},
    {"[0x10]", "misplaced"},
    {"[\"a]", "without an end"},
    {"[\"\t\"]", "control character"},
    {"[\"\\u0000\"]", "u0000"},
    {"[\"\\x\"]", "misplaced"},
    {"[\"\\ud800\"]", "misplaced"},
    {"[\"\xff\"]", "UTF-8"},
    {"[\"\xc0\xaf\"]", "UTF-8"},
    {"{\n  \"a\": 1,\n  b: 2}", "line 3"},
    {"['a']", "misplaced"},
    {"[1]//", "after"},
    {"[\"\\", "without an end"},
    {"{1: 2}", "misplaced"},
    {"[}", "misplaced"},
    {"]", "misplaced"},
    {"[0.00000000000000000000000000000000000000000000000000000000000000001]", "too many digits"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuses(bad[i].text, strlen(bad[i].text), bad[i].where);
  refuses("[1,\0 2]", 7, "zero byte");
  refuses("[\"a\0b\"]", 7, "string");
}

static void text_without_a_terminating_zero_is_read_to_its_end_only(void **state) {
  (void)state;
  char *text = malloc(3);   /* ASan watches what lies behind it */
  assert_non_null(text);
  memcpy(text, "[1]", 3);
  cJSON *root = json_parse(text, 3, NULL);
  assert_non_null(root);
  cJSON_Delete(root);
  memcpy(text, "[12", 3);
  assert_null(json_parse(text, 3, NULL));
  free(text);
}

static void nesting_has_a_limit(void **state) {
  (void)state;
  char text[2 * 65 + 1];
  for (size_t depth = 64; depth <= 65; depth++) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    if (depth == 64) cJSON_Delete(json_parse(text, 2 * depth, NULL));
    else refuses(text, 2 * depth, "nested more than 64 deep");
  }
  char *deep = malloc(1000000);
  assert_non_null(deep);
  memset(deep, '[', 1000000);
  refuses(deep, 1000000, "nested");
  for (size_t i = 0; i < 1000000; i++) deep[i] = "{\"a\":"[i % 5];
  refuses(deep, 1000000, "nested");
  free(deep);
  cJSON *wide = parse("[[],[],{},[[]],\"[[[[[\"]");
  assert_non_null(wide);
  cJSON_Delete(wide);
}

static void the_first_of_two_equal_keys_counts(void **state) {
  (void)state;
  cJSON *root = parse("{\"a\": 1, \"a\": 2, \"A\": 3}");
  int64_t value = 0;
  assert_true(json_int(root, "a", 0, 9, &value, NULL) && value == 1);
  assert_true(json_int(root, "A", 0, 9, &value, NULL) && value == 3);
  cJSON_Delete(root);
}

static void integers_are_whole_exact_and_in_range(void **state) {
  (void)state;
  cJSON *root =
      parse("{\"max\": 9007199254740992, \"over\": 9007199254740994, \"half\": 1.5, \"huge\": 1e300, \"text\": \"1\","
            " \"null\": null, \"true\": true, \"minus\": -9007199254740992, \"list\": [1], \"e\": 1e3}");
  struct error err = {0};
  int64_t value = 0;
  assert_true(json_int(root, "max", INT64_MIN, INT64_MAX, &value, &err) && value == 9007199254740992);
  assert_true(json_int(root, "minus", INT64_MIN, INT64_MAX, &value, &err) && value == -9007199254740992);
  assert_true(json_int(root, "e", 0, 1000, &value, &err) && value == 1000);
  static const char *const bad[] = {"over", "half", "huge", "text", "null", "true", "list", "absent"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_false(json_int(root, bad[i], INT64_MIN, INT64_MAX, &value, &err));
    assert_true(strstr(err.text, bad[i]) != NULL);   /* names the field */
  }
  assert_false(json_int(root, "e", 0, 999, &value, &err));
  assert_string_equal(err.text, "field 'e' is 1000; it must be from 0 to 999");
  assert_true(json_int_or(root, "absent", 0, 9, 7, &value, &err) && value == 7);
  assert_true(json_int_or(root, "null", 0, 9, 7, &value, &err) && value == 7);
  assert_false(json_int_or(root, "text", 0, 9, 7, &value, &err));
  cJSON_Delete(root);
}

static void large_integers_travel_as_strings(void **state) {
  (void)state;
  cJSON *root = cJSON_CreateObject();
  json_add_u64(root, "small", 9007199254740992u);
  json_add_u64(root, "large", UINT64_MAX);
  char *text = json_text(root, SIZE_MAX);
  assert_string_equal(text, "{\"small\": 9007199254740992, \"large\": \"18446744073709551615\"}");
  uint64_t value;
  assert_true(json_u64_or(root, "large", 0, &value, NULL) && value == UINT64_MAX);
  assert_true(json_u64_or(root, "small", 0, &value, NULL) && value == 9007199254740992u);
  assert_true(json_u64_or(root, "absent", 5, &value, NULL) && value == 5);
  free(text);
  cJSON_Delete(root);
  root = parse("{\"a\": \"18446744073709551616\", \"b\": -1, \"c\": \"x\", \"d\": [], \"e\": \"\"}");
  static const char *const bad[] = {"a", "b", "c", "d", "e"};
  for (size_t i = 0; i < 5; i++) {
    struct error err = {0};
    assert_false(json_u64_or(root, bad[i], 0, &value, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
  }
  cJSON_Delete(root);
}

static void other_types_are_checked_by_name(void **state) {
  (void)state;
  cJSON *root = parse("{\"n\": 2.5, \"s\": \"hello\", \"b\": false, \"a\": [], \"o\": {}, \"z\": null}");
  struct error err = {0};
  double number;
  bool flag;
  const char *text;
  assert_true(json_number(root, "n", 0, 3, &number, &err) && number == 2.5);
  assert_false(json_number(root, "n", 0, 2, &number, &err));
  assert_false(json_number(root, "s", 0, 2, &number, &err));
  assert_string_equal(err.text, "field 's' must be a number, not a string");
  assert_false(json_number(root, "z", 0, 2, &number, &err));
  assert_true(json_number_or_nan(root, "z", 0, 2, &number, &err) && isnan(number));
  assert_true(json_number_or_nan(root, "none", 0, 2, &number, &err) && isnan(number));
  assert_false(json_number_or_nan(root, "b", 0, 2, &number, &err));
  assert_true(json_bool_or(root, "b", true, &flag, &err) && !flag);
  assert_true(json_bool_or(root, "z", true, &flag, &err) && flag);
  assert_false(json_bool_or(root, "n", true, &flag, &err));
  assert_string_equal(json_string(root, "s", 5, &err), "hello");
  assert_null(json_string(root, "s", 4, &err));
  assert_string_equal(err.text, "field 's' is longer than 4 bytes");
  assert_null(json_string(root, "n", 4, &err));
  assert_true(json_string_or(root, "z", 4, "preset", &text, &err));
  assert_string_equal(text, "preset");
  assert_false(json_string_or(root, "o", 4, "preset", &text, &err));
  assert_non_null(json_array(root, "a", &err));
  assert_null(json_array(root, "o", &err));
  assert_string_equal(err.text, "field 'o' must be an array, not an object");
  assert_non_null(json_object(root, "o", &err));
  assert_null(json_object(root, "a", &err));
  assert_null(json_object(root, "none", &err));
  assert_string_equal(err.text, "field 'none' is missing");
  /* members of what is not an object */
  const cJSON *list = json_array(root, "a", &err);
  assert_null(json_member(list, "x", &err));
  assert_null(json_member(NULL, "x", &err));
  assert_true(json_number_or_nan(NULL, "x", 0, 1, &number, &err) && isnan(number));
  cJSON_Delete(root);
}

static void schemas_are_told_apart(void **state) {
  (void)state;
  static const struct { const char *text, *says; } bad[] = {
    {"{\"schema\": \"vkpareto.result/1\"}", "is it the right file"},
    {"{\"schema\": \"vkpareto.suite/2\"}", "newer"},
    {"{\"schema\": \"vkpareto.suite/999999999999999999999\"}", "newer"},
    {"{\"schema\": \"vkpareto.suite/0\"}", "needed"},
    {"{\"schema\": \"vkpareto.suite/1x\"}", "needed"},
    {"{\"schema\": \"vkpareto.suite/\"}", "needed"},
    {"{\"schema\": 1}", "must be a string"},
    {"{}", "missing"},
    {"[]", "vkpareto.suite/1"},
  };
  struct error err = {0};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    cJSON *root = parse(bad[i].text);
    assert_false(json_check_schema(root, "vkpareto.suite/1", &err));
    if (!strstr(err.text, bad[i].says)) fail_msg("'%s' does not say '%s'", err.text, bad[i].says);
    cJSON_Delete(root);
  }
  cJSON *root = parse("{\"schema\": \"vkpareto.suite/1\"}");
  assert_true(json_check_schema(root, "vkpareto.suite/1", &err));
  cJSON_Delete(root);
}

static void every_double_is_printed_so_that_it_reads_back(void **state) {
  (void)state;
  struct rng rng = rng_make(5);
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = rng_next(&rng);
    double value, back;
    memcpy(&value, &bits, sizeof value);
    if (i == 0) value = 0.1 + 0.2;
    if (!isfinite(value)) continue;
    cJSON *root = cJSON_CreateObject();
    json_add_number(root, "x", value);
    char *text = json_text(root, SIZE_MAX);
    cJSON *again = parse(text);
    assert_true(json_number(again, "x", -INFINITY, INFINITY, &back, NULL) && back == value);
    cJSON_Delete(again);
    cJSON_Delete(root);
    free(text);
  }
}

static void the_unknown_is_null(void **state) {
  (void)state;
  cJSON *root = cJSON_CreateObject();
  json_add_number(root, "a", NAN);
  json_add_number(root, "b", INFINITY);
  json_add_int(root, "c", -3);
  cJSON_AddNumberToObject(root, "d", NAN);
  char *text = json_text(root, SIZE_MAX);
  assert_string_equal(text, "{\"a\": null, \"b\": null, \"c\": -3, \"d\": null}");
  free(text);
  cJSON_Delete(root);
}

static void any_bytes_make_valid_text(void **state) {
  (void)state;
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "k\"\\", "a\n\x1f\xff\xc3\xa9\xe2\x82");
  char *text = json_text(root, SIZE_MAX);
  assert_string_equal(text, "{\"k\\\"\\\\\": \"a\\u000a\\u001f\\ufffd\xc3\xa9\\ufffd\\ufffd\"}");
  cJSON_Delete(parse(text));
  free(text);
  cJSON_Delete(root);
}

static void what_does_not_fit_is_broken(void **state) {
  (void)state;
  cJSON *root = parse("{\"a\": {\"b\": true, \"c\": []}, \"d\": [\"xxxxxxxxxxxx\", \"yyyyyyyyyyyy\"]}");
  char *text = json_text(root, 30);
  assert_string_equal(text,
                      "{\n"
                      "  \"a\": {\"b\": true, \"c\": []},\n"
                      "  \"d\": [\n"
                      "    \"xxxxxxxxxxxx\",\n"
                      "    \"yyyyyyyyyyyy\"\n"
                      "  ]\n"
                      "}");
  free(text);
  cJSON_Delete(root);
}

static void written_files_end_in_a_line_and_read_back(void **state) {
  (void)state;
  char path[] = "/tmp/test_json_XXXXXX";
  close(mkstemp(path));
  cJSON *root = parse("{\"a\": [1, 2]}");
  struct error err = {0};
  assert_false(json_write(path, root, false, &err));   /* it is there */
  assert_true(json_write(path, root, true, &err));
  cJSON *again = json_parse_file(path, 100, &err);
  assert_true(again && cJSON_Compare(root, again, true));
  cJSON_Delete(again);
  assert_null(json_parse_file(path, 5, &err));
  FILE *file = fopen(path, "w");
  fputs("{\"a\": ]", file);
  fclose(file);
  assert_null(json_parse_file(path, 100, &err));
  assert_true(strstr(err.text, path) && strstr(err.text, "line 1"));
  cJSON_Delete(root);
  unlink(path);
}

/* Any text ends in a tree or a message. */
static void noise_never_crashes(void **state) {
  (void)state;
  static const char alphabet[] = "{}[]\",:0123456789.-+eE\\u\n truefalsn\xff\xc3";
  struct rng rng = rng_make(9);
  for (int i = 0; i < 50000; i++) {
    char text[40];
    size_t bytes = rng_below(&rng, sizeof text);
    for (size_t b = 0; b < bytes; b++) text[b] = alphabet[rng_below(&rng, sizeof alphabet)];
    struct error err = {0};
    cJSON *root = json_parse(text, bytes, &err);
    assert_true(root || err.text[0]);
    cJSON_Delete(root);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
    cmocka_unit_test(text_without_a_terminating_zero_is_read_to_its_end_only),
    cmocka_unit_test(nesting_has_a_limit),
    cmocka_unit_test(the_first_of_two_equal_keys_counts),
    cmocka_unit_test(integers_are_whole_exact_and_in_range),
    cmocka_unit_test(large_integers_travel_as_strings),
    cmocka_unit_test(other_types_are_checked_by_name),
    cmocka_unit_test(schemas_are_told_apart),
    cmocka_unit_test(every_double_is_printed_so_that_it_reads_back),
    cmocka_unit_test(the_unknown_is_null),
    cmocka_unit_test(any_bytes_make_valid_text),
    cmocka_unit_test(what_does_not_fit_is_broken),
    cmocka_unit_test(written_files_end_in_a_line_and_read_back),
    cmocka_unit_test(noise_never_crashes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
