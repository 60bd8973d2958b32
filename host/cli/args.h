/* The command line of one verb, declared as data: options, operands, help and one example. Long options only, as
 * `--name VALUE` or `--name=VALUE`; `--` ends them. Every verb also takes --help (-h), --verbose and --quiet.
 *
 *   static const struct args_verb verb = {
 *     .name = "check", .about = "Proves every kernel right on a device.",
 *     .options = {{"device", "SEL", "which device (default: the best)"}, {"validation", NULL, "with its layers"}},
 *     .example = "vkpareto check --device nvidia --filter 'matmul*'",
 *   };
 *   int cli_check(int argc, char **argv) {
 *     struct args args;
 *     int status;
 *     if (!args_parse(&verb, argc, argv, &args, &status)) return status;
 *     const char *filter = args_text(&args, "filter");
 *     uint64_t seed = 1;
 *     if (!args_u64(&args, "seed", 0, UINT64_MAX, &seed, &err)) return args_fail(&args, &err); */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum { ARGS_OPTIONS = 28 };   /* options of one verb at most */

struct args_option {
  const char *name;    /* "device", given as --device; NULL ends the list */
  const char *value;   /* what its value is called in the help: "SEL"; NULL: a flag */
  const char *help;    /* one line */
};

struct args_verb {
  const char *name;
  const char *about;                        /* what it does; lines end with \n, the last one without */
  const char *operands;                     /* as shown in the usage: "RESULT..."; NULL: takes none */
  size_t min_operands, max_operands;
  struct args_option options[ARGS_OPTIONS];
  const char *example;
};

struct args {
  const struct args_verb *verb;
  const char *values[ARGS_OPTIONS];         /* of options[i]: NULL not given, "" a given flag */
  char **operands;                          /* into argv, options taken out */
  size_t n_operands;
};

/* argv[0] is the verb; argv is reordered. Sets the level of log.h. False when there is nothing more to do: the help
 * was printed or the command line was wrong and the reason is on stderr; *status is then the exit status. */
bool args_parse(const struct args_verb *, int argc, char **argv, struct args *, int *status);

/* Getters; naming an option that the verb does not declare is a programming error. */
bool args_flag(const struct args *, const char *name);
const char *args_text(const struct args *, const char *name);   /* NULL when not given */
/* *out keeps what it holds when the option was not given. ERROR_USAGE naming option and value. */
bool args_u64(const struct args *, const char *name, uint64_t min, uint64_t max, uint64_t *out, struct error *);
bool args_double(const struct args *, const char *name, double min, double max, double *out, struct error *);
bool args_size(const struct args *, const char *name, uint64_t *out, struct error *);
bool args_choice(const struct args *, const char *name, const char *const *choices, size_t n, size_t *out,
                 struct error *);

/* "unknown suite 'quik'; did you mean 'quick'?", or what there is when nothing is near. Returns false. */
bool args_unknown(struct error *, const char *kind, const char *word, const char *const *known, size_t n);

/* Shows the error on stderr, under the verb's name and with the way to its help when the command line is at fault;
 * returns its exit status. */
int args_fail(const struct args *, const struct error *);

#endif
