#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "log.h"
#include "result_load.h"

struct loaded {
  const struct result **results;
  size_t n, baseline;
};

/* Appends the result at path; *added tells whether it was one. */
static bool load_result(struct loaded *loaded, const char *path, bool *added, struct error *err) {
  struct result *result;
  *added = false;
  if (!result_load(path, &result, err)) return false;
  if (!result) return true;
  loaded->results[loaded->n++] = result;
  *added = true;
  return true;
}

/* The baseline is the first operand unless --baseline names another, which may be among them or not. */
static bool load_results(const struct args *args, struct loaded *loaded, struct error *err) {
  const char *baseline = args_text(args, "baseline");
  bool added, found = false;
  loaded->results = calloc(args->n_operands + 1, sizeof *loaded->results);
  if (!loaded->results) return error_set(err, ERROR_MEMORY, "out of memory for %zu results", args->n_operands);
  for (size_t i = 0; i < args->n_operands; i++) {
    if (!load_result(loaded, args->operands[i], &added, err)) return false;
    if (!added || found || !baseline || strcmp(args->operands[i], baseline) != 0) continue;
    loaded->baseline = loaded->n - 1;
    found = true;
  }
  if (baseline && !found) {
    loaded->baseline = loaded->n;
    if (!load_result(loaded, baseline, &added, err)) return false;
    if (!added) return error_set(err, ERROR_INPUT, "%s is no result; --baseline takes one of `vkpareto run`", baseline);
  }
  if (loaded->n == 0) return error_set(err, ERROR_INPUT, "no result among the files; `vkpareto run` writes them");
  return true;
}

static void free_results(struct loaded *loaded) {
  for (size_t i = 0; i < loaded->n; i++) result_free((struct result *)loaded->results[i]);
  free(loaded->results);
}

/* A gate that compared nothing, or only what still works, has not passed. */
static int pass_gate(const struct comparison *comparison, double pct) {
  const struct compare_gate gate = compare_gate(comparison, pct);
  if (gate.slower)
    log_error("compare: %zu times are over the baseline's by more than %g %%, beyond the intervals", gate.slower, pct);
  if (gate.broken)
    log_error("compare: %zu rows with a time in the baseline are wrong, failed, timeout, lost or implausible elsewhere",
              gate.broken);
  if (!gate.compared)
    log_error("compare: no row has a time in the baseline and in another result, so there is nothing to judge by; give "
              "two results of one suite");
  return gate.slower || gate.broken || !gate.compared ? EXIT_WRONG : EXIT_DONE;
}

/* Prints the comparison; the exit status is that of the gate, NAN: there is none. */
static int compare(const struct args *args, const struct loaded *loaded, enum compare_format format, double pct) {
  struct error err = {0};
  struct comparison *comparison = compare_make(loaded->results, loaded->n, loaded->baseline, &err);
  int status = EXIT_DONE;
  if (!comparison || !compare_print(comparison, format, stdout, &err)) {
    status = args_fail(args, &err);
  } else if (!isnan(pct)) {
    status = pass_gate(comparison, pct);
  }
  compare_free(comparison);
  return status;
}

static const struct args_verb verb = {
  .name = "compare",
  .about = "Shows results side by side: per op, shape and technique the time with its interval, the share of the\n"
           "device's own ceiling, the joules of a run where a result has any, and the speed against the baseline\n"
           "with a verdict. One result alone: its times and shares. Needs no GPU.",
  .operands = "RESULT...",
  .min_operands = 1,
  .max_operands = 1000,
  .options = {
    {"baseline", "RESULT", "what the others are compared with (default: the first)"},
    {"format", "FORMAT", "table, csv, md or json (default: table)"},
    {"fail-if-slower", "PCT", "exit 4 when a time is over the baseline's by PCT %, a kernel broke, or none compares"},
  },
  .example = "vkpareto compare results/*/*-quick.json --format md",
};

int cli_compare(int argc, char **argv) {
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct error err = {0};
  struct loaded loaded = {0};
  size_t format = COMPARE_TABLE;
  double gate = NAN;
  if (!args_choice(&args, "format", compare_format_names, COMPARE_FORMATS, &format, &err) ||
      !args_double(&args, "fail-if-slower", 0, 1e6, &gate, &err) || !load_results(&args, &loaded, &err))
    status = args_fail(&args, &err);
  else
    status = compare(&args, &loaded, (enum compare_format)format, gate);
  free_results(&loaded);
  return status;
}
