#include "args.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "text.h"

static const struct args_option common[] = {
  {"verbose", NULL, "say more on stderr"},
  {"quiet", NULL, "say nothing on stderr but warnings and errors"},
  {"help", NULL, "this text"},
};
enum { COMMON = sizeof common / sizeof common[0] };
enum common_option { COMMON_VERBOSE, COMMON_QUIET, COMMON_HELP };

static size_t count_options(const struct args_verb *verb) {
  size_t n = 0;
  while (n < ARGS_OPTIONS && verb->options[n].name) n++;
  return n;
}

static void print_option(const struct args_option *option) {
  char left[64];
  snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "", option->value ? option->value : "");
  printf("  %-26s %s\n", left, option->help);
}

static void print_help(const struct args_verb *verb) {
  printf("usage: vkpareto %s%s%s [options]\n\n%s\n\noptions:\n", verb->name, verb->operands ? " " : "",
         verb->operands ? verb->operands : "", verb->about);
  for (size_t i = 0; i < count_options(verb); i++) print_option(&verb->options[i]);
  for (size_t i = 0; i < COMMON; i++) print_option(&common[i]);
  printf("\nexample:\n  %s\n", verb->example);
}

enum { NAMED = 12 };   /* names that are listed; more nobody reads */

bool args_unknown(struct error *err, const char *kind, const char *word, const char *const *known, size_t n) {
  const char *nearest = text_nearest(word, known, n);
  if (nearest) return error_set(err, ERROR_USAGE, "unknown %s '%.80s'; did you mean '%s'?", kind, word, nearest);
  char list[700] = "";
  struct text t = {list, sizeof list, 0};
  for (size_t i = 0; i < n && i < NAMED; i++) text_add(&t, "%s%s", i ? ", " : "", known[i]);
  if (n > NAMED) text_add(&t, " and %zu more", n - NAMED);
  return error_set(err, ERROR_USAGE, "unknown %s '%.80s'; there %s: %s", kind, word, n == 1 ? "is" : "are", list);
}

static bool unknown_option(const struct args_verb *verb, const char *name, struct error *err) {
  const char *known[ARGS_OPTIONS + COMMON];
  size_t n = count_options(verb);
  for (size_t i = 0; i < n; i++) known[i] = verb->options[i].name;
  for (size_t i = 0; i < COMMON; i++) known[n + i] = common[i].name;
  const char *nearest = text_nearest(name, known, n + COMMON);
  if (nearest) return error_set(err, ERROR_USAGE, "unknown option --%.80s; did you mean --%s?", name, nearest);
  return error_set(err, ERROR_USAGE, "unknown option --%.80s", name);
}

/* The place of the option's value, or NULL when neither the verb nor `common` has that name. */
static const char **find_slot(struct args *args, const char **common_values, const char *name, size_t length,
                              const struct args_option **option) {
  size_t n = count_options(args->verb);
  for (size_t i = 0; i < n + COMMON; i++) {
    *option = i < n ? &args->verb->options[i] : &common[i - n];
    if (strlen((*option)->name) == length && memcmp((*option)->name, name, length) == 0)
      return i < n ? &args->values[i] : &common_values[i - n];
  }
  return NULL;
}

/* Reads the option at argv[*at] and moves *at to the last word that belongs to it. */
static bool take_option(struct args *args, const char **common_values, int argc, char **argv, int *at,
                        struct error *err) {
  const char *name = argv[*at] + 2;
  const char *equals = strchr(name, '=');
  size_t length = equals ? (size_t)(equals - name) : strlen(name);
  const struct args_option *option;
  const char **slot = find_slot(args, common_values, name, length, &option);
  if (!slot) {
    char word[81];
    snprintf(word, sizeof word, "%.*s", (int)(length < 80 ? length : 80), name);
    return unknown_option(args->verb, word, err);
  }
  if (*slot) return error_set(err, ERROR_USAGE, "option --%s is given twice; leave one out", option->name);
  if (!option->value) {
    *slot = "";
    return !equals ||
           error_set(err, ERROR_USAGE, "option --%s takes no value; leave out '%.80s'", option->name, equals);
  }
  if (equals) {
    *slot = equals + 1;
  } else if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
    *slot = argv[++*at];
  } else {
    *slot = "";
  }
  return **slot || error_set(err, ERROR_USAGE, "option --%s needs a value: --%s %s", option->name, option->name,
                             option->value);
}

static bool check_operands(const struct args *args, struct error *err) {
  const struct args_verb *verb = args->verb;
  const char *operands = verb->operands ? verb->operands : "";
  if (args->n_operands < verb->min_operands)
    return error_set(err, ERROR_USAGE, "%.*s is missing; the usage is: vkpareto %s %s [options]",
                     (int)strcspn(operands, " "), operands, verb->name, operands);   /* the first one is required */
  if (args->n_operands > verb->max_operands)
    return error_set(err, ERROR_USAGE, "unexpected '%.80s'; the usage is: vkpareto %s %s%s[options]",
                     args->operands[verb->max_operands], verb->name, operands, *operands ? " " : "");
  return true;
}

static bool take_words(struct args *args, const char **common_values, int argc, char **argv, struct error *err) {
  bool options_ended = false;
  for (int at = 1; at < argc; at++) {
    char *word = argv[at];
    if (options_ended || word[0] != '-' || word[1] == '\0') {
      args->operands[args->n_operands++] = word;
    } else if (strcmp(word, "--") == 0) {
      options_ended = true;
    } else if (strcmp(word, "-h") == 0) {
      common_values[COMMON_HELP] = "";
    } else if (word[1] != '-') {
      return error_set(err, ERROR_USAGE, "unknown option %.80s; options are long ones, as --help", word);
    } else if (!take_option(args, common_values, argc, argv, &at, err)) {
      return false;
    }
  }
  if (common_values[COMMON_HELP]) return true;
  if (common_values[COMMON_QUIET] && common_values[COMMON_VERBOSE])
    return error_set(err, ERROR_USAGE, "--quiet and --verbose contradict each other; leave one out");
  return check_operands(args, err);
}

bool args_parse(const struct args_verb *verb, int argc, char **argv, struct args *args, int *status) {
  *args = (struct args){.verb = verb, .operands = argv + 1};
  const char *common_values[COMMON] = {NULL};
  struct error err = {0};
  if (!take_words(args, common_values, argc, argv, &err)) {
    *status = args_fail(args, &err);
    return false;
  }
  if (common_values[COMMON_HELP]) {
    print_help(verb);
    *status = EXIT_DONE;
    return false;
  }
  log_set_level(common_values[COMMON_QUIET] ? LOG_QUIET : common_values[COMMON_VERBOSE] ? LOG_VERBOSE : LOG_NORMAL);
  return true;
}

const char *args_text(const struct args *args, const char *name) {
  size_t n = count_options(args->verb);
  for (size_t i = 0; i < n; i++)
    if (strcmp(args->verb->options[i].name, name) == 0) return args->values[i];
  assert(!"an option that the verb does not declare");
  return NULL;
}

bool args_flag(const struct args *args, const char *name) { return args_text(args, name) != NULL; }

/* The parsers of text.h do not know that their text came from the command line, nor from which option. */
static bool blame(struct error *err, const char *name) {
  error_prefix(err, "--%s: ", name);
  err->kind = ERROR_USAGE;
  return false;
}

bool args_u64(const struct args *args, const char *name, uint64_t min, uint64_t max, uint64_t *out, struct error *err) {
  const char *text = args_text(args, name);
  return !text || text_parse_u64(text, min, max, out, err) || blame(err, name);
}

bool args_double(const struct args *args, const char *name, double min, double max, double *out, struct error *err) {
  const char *text = args_text(args, name);
  return !text || text_parse_double(text, min, max, out, err) || blame(err, name);
}

bool args_size(const struct args *args, const char *name, uint64_t *out, struct error *err) {
  const char *text = args_text(args, name);
  return !text || text_parse_size(text, out, err) || blame(err, name);
}

bool args_choice(const struct args *args, const char *name, const char *const *choices, size_t n, size_t *out,
                 struct error *err) {
  const char *text = args_text(args, name);
  for (size_t i = 0; text && i < n; i++)
    if (text_equal_nocase(text, choices[i])) {
      *out = i;
      return true;
    }
  return !text || args_unknown(err, "value", text, choices, n) || blame(err, name);
}

int args_fail(const struct args *args, const struct error *err) {
  if (err->kind == ERROR_USAGE)
    log_error("%s: %s (see vkpareto %s --help)", args->verb->name, err->text, args->verb->name);
  else
    log_error("%s: %s", args->verb->name, err->text);
  return (int)error_exit_status(err);
}
