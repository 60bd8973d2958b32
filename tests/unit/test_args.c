#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "device_select.h"

static const struct args_verb verb = {
  .name = "toast",
  .about = "Toasts bread.",
  .operands = "BREAD...",
  .min_operands = 1,
  .max_operands = 2,
  .options = {
    {"device", "SEL", "which toaster"}, {"seed", "N", "a number"}, {"memory", "SIZE", "a size"},
    {"format", "FORMAT", "table or json"}, {"ratio", "R", "a ratio"}, {"dry-run", NULL, "do not"},
  },
  .example = "vkpareto toast rye",
};

enum { WORDS = 12 };

/* Parses the words after the verb with stdout and stderr taken into `text`. */
static bool parse(struct args *args, int *status, char *text, size_t size, const char *const *words) {
  static char storage[WORDS][64];
  static char *argv[WORDS + 1];
  int argc = 1;
  argv[0] = "toast";
  for (; words[argc - 1]; argc++) {
    snprintf(storage[argc], sizeof storage[argc], "%s", words[argc - 1]);
    argv[argc] = storage[argc];
  }
  argv[argc] = NULL;
  fflush(NULL);
  int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
  FILE *taken = tmpfile();
  dup2(fileno(taken), STDOUT_FILENO);
  dup2(fileno(taken), STDERR_FILENO);
  bool ok = args_parse(&verb, argc, argv, args, status);
  fflush(NULL);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  close(out);
  close(err);
  rewind(taken);
  text[fread(text, 1, size - 1, taken)] = '\0';
  fclose(taken);
  return ok;
}
#define PARSE(...) parse(&args, &status, text, sizeof text, (const char *const[]){__VA_ARGS__, NULL})
#define ASSERT_REFUSED(says, ...)            \
  do {                                       \
    assert_false(PARSE(__VA_ARGS__));        \
    assert_int_equal(status, EXIT_USAGE);    \
    assert_non_null(strstr(text, says));     \
    assert_non_null(strstr(text, "--help")); \
  } while (0)

static void takes_both_spellings_and_operands_anywhere(void **state) {
  (void)state;
  struct args args;
  int status;
  char text[2048];
  struct error err = {0};
  uint64_t seed = 0;
  assert_true(PARSE("rye", "--device", "0", "--seed=18446744073709551615", "--dry-run", "wheat"));
  assert_int_equal(args.n_operands, 2);
  assert_string_equal(args.operands[0], "rye");
  assert_string_equal(args.operands[1], "wheat");
  assert_string_equal(args_text(&args, "device"), "0");
  assert_true(args_flag(&args, "dry-run"));
  assert_null(args_text(&args, "memory"));
  assert_true(args_u64(&args, "seed", 0, UINT64_MAX, &seed, &err));
  assert_true(seed == UINT64_MAX);
}

static void double_dash_ends_options(void **state) {
  (void)state;
  struct args args;
  int status;
  char text[2048];
  assert_true(PARSE("--dry-run", "--", "--seed", "-"));
  assert_int_equal(args.n_operands, 2);
  assert_string_equal(args.operands[0], "--seed");
  assert_string_equal(args.operands[1], "-");
  assert_null(args_text(&args, "seed"));
}

static void refuses_what_it_does_not_know(void **state) {
  (void)state;
  struct args args;
  int status;
  char text[2048];
  ASSERT_REFUSED("unknown option --devise; did you mean --device?", "rye", "--devise", "0");
  ASSERT_REFUSED("did you mean --verbose?", "rye", "--verbos");
  ASSERT_REFUSED("unknown option --zzzzzzzz", "rye", "--zzzzzzzz=1");
  ASSERT_REFUSED("unknown option -q", "rye", "-q");
  ASSERT_REFUSED("unknown option --devic", "rye", "--devic=0");   /* no abbreviations */
}

static void refuses_values_missing_doubled_or_too_many(void **state) {
  (void)state;
  struct args args;
  int status;
  char text[2048];
  ASSERT_REFUSED("--seed needs a value: --seed N", "rye", "--seed");
  ASSERT_REFUSED("--seed needs a value", "rye", "--seed", "--dry-run");
  ASSERT_REFUSED("--seed needs a value", "rye", "--seed=");
  ASSERT_REFUSED("--seed is given twice", "rye", "--seed", "1", "--seed=2");
  ASSERT_REFUSED("--dry-run is given twice", "rye", "--dry-run", "--dry-run");
  ASSERT_REFUSED("--dry-run takes no value", "rye", "--dry-run=yes");
  ASSERT_REFUSED("contradict", "rye", "--quiet", "--verbose");
  ASSERT_REFUSED("BREAD...", "--seed", "1");
  ASSERT_REFUSED("unexpected 'oat'", "rye", "wheat", "oat");
}

static void help_shows_usage_options_and_example(void **state) {
  (void)state;
  struct args args;
  int status = -1;
  char text[2048];
  assert_false(PARSE("--help"));
  assert_int_equal(status, EXIT_DONE);
  assert_non_null(strstr(text, "usage: vkpareto toast BREAD..."));
  assert_non_null(strstr(text, "--memory SIZE"));
  assert_non_null(strstr(text, "--quiet"));
  assert_non_null(strstr(text, "vkpareto toast rye"));
}

static void getters_name_option_and_remedy(void **state) {
  (void)state;
  struct args args;
  int status;
  char text[2048];
  static const char *const formats[] = {"table", "json"};
  struct error err = {0};
  uint64_t seed = 7, memory = 0;
  double ratio = 0.5;
  size_t format = 0;
  assert_true(PARSE("rye"));
  assert_true(args_u64(&args, "seed", 1, 9, &seed, &err) && seed == 7);
  assert_true(args_double(&args, "ratio", 0, 1, &ratio, &err) && ratio == 0.5);
  assert_true(args_choice(&args, "format", formats, 2, &format, &err) && format == 0);

  assert_true(PARSE("rye", "--seed", "-1", "--memory", "8", "--format", "jsom", "--ratio", "nan"));
  assert_false(args_u64(&args, "seed", 1, 9, &seed, &err));
  assert_non_null(strstr(err.text, "--seed: "));
  assert_int_equal(err.kind, ERROR_USAGE);
  assert_false(args_size(&args, "memory", &memory, &err));
  assert_non_null(strstr(err.text, "8GiB"));
  assert_false(args_double(&args, "ratio", 0, 1, &ratio, &err));
  assert_false(args_choice(&args, "format", formats, 2, &format, &err));
  assert_string_equal(err.text, "--format: unknown value 'jsom'; did you mean 'json'?");

  assert_true(PARSE("rye", "--format", "JSON", "--memory", "6.5GB"));
  assert_true(args_choice(&args, "format", formats, 2, &format, &err) && format == 1);
  assert_true(args_size(&args, "memory", &memory, &err) && memory == 6500000000);
}

static void unknown_names_list_what_there_is(void **state) {
  (void)state;
  static const char *const known[] = {"quick", "standard"};
  struct error err = {0};
  args_unknown(&err, "suite", "elephant", known, 2);
  assert_string_equal(err.text, "unknown suite 'elephant'; there are: quick, standard");
  assert_int_equal(err.kind, ERROR_USAGE);
}

static const struct caps machine[] = {
  {.name = "Card One", .driver_name = "fastdrv", .driver_id = "FAST_DRIVER", .vendor_id = 0x1234,
   .uuid = "00112233445566778899aabbccddeeff"},
  {.name = "Card Two", .driver_name = "fastdrv", .driver_id = "FAST_DRIVER", .vendor_id = 0x1234,
   .uuid = "10000000000000000000000000000000"},
  {.name = "softpipe", .driver_name = "soft", .driver_id = "MESA_SOFT", .vendor_id = 0x10005,
   .uuid = "20000000000000000000000000000000"},
};

static size_t selected(const char *selector, bool all, struct error *err) {
  size_t index[3], n;
  return device_select(selector, all, machine, 3, index, &n, err) ? (n == 1 ? index[0] : 100 * n) : 9;
}

static void device_is_found_by_index_uuid_or_part(void **state) {
  (void)state;
  struct error err = {0};
  assert_int_equal(selected(NULL, false, &err), 0);
  assert_int_equal(selected("2", false, &err), 2);
  assert_int_equal(selected("00112233445566778899AABBCCDDEEFF", false, &err), 0);
  assert_int_equal(selected("10000000000000000000000000000000", false, &err), 1);   /* digits only, yet no index */
  assert_int_equal(selected("two", false, &err), 1);
  assert_int_equal(selected("mesa", false, &err), 2);
  assert_int_equal(selected("0x10005", false, &err), 2);
  assert_int_equal(selected("all", true, &err), 300);
}

static void device_that_is_not_there_or_not_one_is_refused(void **state) {
  (void)state;
  struct error err = {0};
  assert_int_equal(selected("fast", false, &err), 9);
  assert_int_equal(err.kind, ERROR_USAGE);
  assert_non_null(strstr(err.text, "Card One"));
  assert_non_null(strstr(err.text, "Card Two"));
  assert_null(strstr(err.text, "softpipe"));
  assert_int_equal(selected("3", false, &err), 9);
  assert_int_equal(err.kind, ERROR_NO_DEVICE);
  assert_int_equal(selected("4294967296", false, &err), 9);
  assert_int_equal(selected("all", false, &err), 9);
  assert_non_null(strstr(err.text, "softpipe"));
  size_t index[1], n;
  assert_false(device_select(NULL, false, NULL, 0, index, &n, &err));
  assert_int_equal(err.kind, ERROR_NO_DEVICE);
}

/* What the work on each of three devices comes to, and how often it was begun. */
struct outcomes { struct { int status; enum error_kind kind; } of[3]; int begun; };

static bool work(void *context, size_t index, const char *uuid, int *status, struct error *err) {
  struct outcomes *outcomes = context;
  assert_int_equal(uuid[0], "abc"[index]);
  outcomes->begun++;
  *status = outcomes->of[index].status;
  return outcomes->of[index].kind == ERROR_NONE || error_set(err, outcomes->of[index].kind, "no luck");
}

static int status_of_all(struct outcomes outcomes, int begun) {
  static const struct args_verb each = {.name = "each"};
  const struct selection three = {.n = 3, .device = {{0, "a"}, {1, "b"}, {2, "c"}}};
  int status = selection_each(&three, &(struct args){.verb = &each}, work, &outcomes);
  assert_int_equal(outcomes.begun, begun);
  return status;
}

static void one_device_that_fails_does_not_stop_the_others(void **state) {
  (void)state;
  assert_int_equal(status_of_all((struct outcomes){0}, 3), EXIT_DONE);
  assert_int_equal(status_of_all((struct outcomes){.of = {{0, ERROR_NO_DEVICE}}}, 3), EXIT_NO_DEVICE);
  assert_int_equal(status_of_all((struct outcomes){.of = {[1] = {EXIT_NO_ROWS, ERROR_NONE}, [2] = {0, ERROR_LOST}}}, 3),
                   EXIT_NO_ROWS);   /* the first that failed */
  assert_int_equal(status_of_all((struct outcomes){.of = {{EXIT_WRONG, ERROR_NONE}, {0, ERROR_INTERRUPTED}}}, 2),
                   EXIT_INTERRUPTED);
  assert_int_equal(status_of_all((struct outcomes){.of = {{0, ERROR_USAGE}}}, 1), EXIT_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(takes_both_spellings_and_operands_anywhere),
    cmocka_unit_test(double_dash_ends_options),
    cmocka_unit_test(refuses_what_it_does_not_know),
    cmocka_unit_test(refuses_values_missing_doubled_or_too_many),
    cmocka_unit_test(help_shows_usage_options_and_example),
    cmocka_unit_test(getters_name_option_and_remedy),
    cmocka_unit_test(unknown_names_list_what_there_is),
    cmocka_unit_test(device_is_found_by_index_uuid_or_part),
    cmocka_unit_test(device_that_is_not_there_or_not_one_is_refused),
    cmocka_unit_test(one_device_that_fails_does_not_stop_the_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
