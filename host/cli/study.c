#include "study.h"

#include <math.h>
#include <stdlib.h>

#include "args.h"
#include "cli.h"
#include "present.h"
#include "result_load.h"

static const struct args_verb verb = {
  .name = "study",
  .about = "Every built-in model and task on every result: the best configuration at no more than 1.2 % more\n"
           "perplexity against 16-bit weights with flash attention, the best single stage, a manual choice and\n"
           "EfficientLLM's ranks; where the order of techniques flips between devices. Needs no GPU.",
  .operands = "RESULT...",
  .min_operands = 1,
  .max_operands = 1000,
  .options = {
    {"models", "GLOB", "only the models whose ids match"},
    {"tasks", "GLOB", "only the tasks whose ids match"},
    {"max-memory", "SIZE", "take every device to have this much memory, as 192GiB (default: what it has)"},
    {"format", "FORMAT", "table, md or json (default: table)"},
  },
  .example = "vkpareto study results/*/*-quick.json --models 'llama*' --tasks chat",
};

static bool load(const struct args *args, struct result **results, size_t *n, struct error *err) {
  for (size_t i = 0; i < args->n_operands; i++) {
    if (!result_load(args->operands[i], &results[*n], err)) return false;
    *n += results[*n] != NULL;
  }
  return *n > 0 || error_set(err, ERROR_INPUT, "no result among the files; `vkpareto run` writes them");
}

int cli_study(int argc, char **argv) {
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;

  struct error err = {0};
  size_t n = 0, format = STUDY_TABLE;
  uint64_t memory = 0;
  struct study *study = NULL;
  struct result **results = calloc(args.n_operands, sizeof *results);
  bool ok = results || error_set(&err, ERROR_MEMORY, "out of memory for %zu results", args.n_operands);
  ok = ok && args_choice(&args, "format", study_format_names, STUDY_FORMATS, &format, &err)
    && args_size(&args, "max-memory", &memory, &err) && load(&args, results, &n, &err);
  const struct study_options options = {args_text(&args, "models"), args_text(&args, "tasks"),
                                        args_text(&args, "max-memory") ? (double)memory : NAN};
  ok = ok && (study = study_make((const struct result *const *)results, n, &options, &err));
  ok = ok && study_print(study, (enum study_format)format, stdout, &err);

  study_free(study);
  for (size_t r = 0; r < n; r++) result_free(results[r]);
  free(results);
  return ok ? EXIT_DONE : args_fail(&args, &err);
}
