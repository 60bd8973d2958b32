#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "error.h"

static void set_returns_false_and_keeps_kind_and_text(void **state) {
  (void)state;
  struct error err = {0};
  assert_false(error_set(&err, ERROR_LOST, "worker %d died; run again", 3));
  assert_int_equal(err.kind, ERROR_LOST);
  assert_string_equal(err.text, "worker 3 died; run again");
}

static void prefix_goes_before_and_keeps_the_kind(void **state) {
  (void)state;
  struct error err = {0};
  error_set(&err, ERROR_USAGE, "100%% wrong");
  assert_false(error_prefix(&err, "%s: ", "a%sb"));
  assert_int_equal(err.kind, ERROR_USAGE);
  assert_string_equal(err.text, "a%sb: 100% wrong");
}

static void long_messages_are_cut_visibly(void **state) {
  (void)state;
  struct error err = {0};
  char lengthy[3000];
  memset(lengthy, 'x', sizeof lengthy - 1);
  lengthy[sizeof lengthy - 1] = '\0';
  error_set(&err, ERROR_INPUT, "%s", lengthy);
  assert_int_equal(strlen(err.text), sizeof err.text - 1);
  assert_string_equal(err.text + sizeof err.text - 4, "...");
  error_set(&err, ERROR_INPUT, "%.1000s", lengthy);
  error_prefix(&err, "%.500s", lengthy);
  assert_string_equal(err.text + sizeof err.text - 4, "...");
  error_prefix(&err, "%s", lengthy);
  assert_string_equal(err.text + sizeof err.text - 4, "...");
}

static void a_message_that_just_fits_is_whole(void **state) {
  (void)state;
  struct error err = {0};
  char text[sizeof err.text];
  memset(text, 'y', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  error_set(&err, ERROR_INPUT, "%s", text);
  assert_string_equal(err.text, text);
}

static void escape_sequences_never_pass(void **state) {
  (void)state;
  struct error err = {0};
  error_set(&err, ERROR_INPUT, "name '\033[2J\r' bad\nsecond line");
  assert_string_equal(err.text, "name '?[2J?' bad\nsecond line");
}

static void a_message_may_quote_its_own_error(void **state) {
  (void)state;
  struct error err = {0};
  error_set(&err, ERROR_INPUT, "inner");
  error_set(&err, ERROR_INPUT, "outer: %s", err.text);
  assert_string_equal(err.text, "outer: inner");
}

static void nobody_need_listen(void **state) {
  (void)state;
  assert_false(error_set(NULL, ERROR_INPUT, "x"));
  assert_false(error_prefix(NULL, "x"));
}

static void kinds_map_to_the_exit_statuses_of_the_design(void **state) {
  (void)state;
  static const struct { enum error_kind kind; int status; } expected[] = {
    {ERROR_NONE, 0}, {ERROR_USAGE, 1}, {ERROR_INPUT, 2}, {ERROR_NO_DEVICE, 3}, {ERROR_INFEASIBLE, 4},
    {ERROR_INTERRUPTED, 130}, {ERROR_MEMORY, 2}, {ERROR_LOST, 2}, {ERROR_TIMEOUT, 2}, {ERROR_DRIVER, 2},
    {ERROR_UNSUPPORTED, 2},
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    struct error err = {.kind = expected[i].kind};
    assert_int_equal(error_exit_status(&err), expected[i].status);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(set_returns_false_and_keeps_kind_and_text),
    cmocka_unit_test(prefix_goes_before_and_keeps_the_kind),
    cmocka_unit_test(long_messages_are_cut_visibly),
    cmocka_unit_test(a_message_that_just_fits_is_whole),
    cmocka_unit_test(escape_sequences_never_pass),
    cmocka_unit_test(a_message_may_quote_its_own_error),
    cmocka_unit_test(nobody_need_listen),
    cmocka_unit_test(kinds_map_to_the_exit_statuses_of_the_design),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
