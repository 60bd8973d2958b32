/* vkpareto: which combination of LLM efficiency techniques to run on this device, at what cost, and how sure we are. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "error.h"
#include "log.h"
#include "out.h"
#include "platform.h"

struct verb {
  const char *name;
  int (*run)(int argc, char **argv);
  const char *summary;   /* NULL: not shown */
};

static const struct verb verbs[] = {
  {"devices", cli_devices, "what Vulkan devices are here, and what they can do"},
  {"doctor", cli_doctor, "what would spoil a run here, and the remedy"},
  {"list", cli_list, "the techniques, variants, suites, models or tasks there are"},
  {"describe", cli_describe, "what a technique is, its source, when it wins, what it costs"},
  {"check", cli_check, "prove every kernel right on a device"},
  {"codegen", cli_codegen, "what the driver's compiler makes of every kernel"},
  {"run", cli_run, "measure a suite on a device and write a result"},
  {"compare", cli_compare, "results side by side: devices, drivers, or before and after"},
  {"recommend", cli_recommend, "the best configuration of a model for a task, from a result"},
  {"study", cli_study, "every model and task on every result, against what others would choose"},
  {"predict", cli_predict, "how far the cost model is from what was measured"},
  {"worker", cli_worker, NULL},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void print_help(void) {
  printf("usage: vkpareto VERB [options]\n\n"
         "Measures LLM efficiency techniques on any Vulkan device, finds the configurations worth running.\n\n");
  for (size_t i = 0; i < VERBS; i++)
    if (verbs[i].summary) printf("  %-12s%s\n", verbs[i].name, verbs[i].summary);
  printf("\n  vkpareto VERB --help tells more, with an example; --version prints the version.\n\n"
         "exit status: 0 done, 1 the command line, 2 a file or the environment, 3 no usable device,\n"
         "  4 a wrong kernel, a failed gate or no feasible configuration, 5 nothing could be measured,\n"
         "  130 interrupted\n");
}

static int unknown_verb(const char *word) {
  if (word[0] == '-') {
    log_error("'%.80s' stands before any verb; options come behind it (see vkpareto --help)", word);
    return EXIT_USAGE;
  }
  const char *known[VERBS];
  size_t n = 0;
  for (size_t i = 0; i < VERBS; i++)
    if (verbs[i].summary) known[n++] = verbs[i].name;
  struct error err = {0};
  args_unknown(&err, "verb", word, known, n);
  log_error("%s (see vkpareto --help)", err.text);
  return EXIT_USAGE;
}

static int run_verb(int argc, char **argv) {
  if (argc < 2) {
    log_error("no verb given; vkpareto --help lists them, vkpareto run measures this machine");
    return EXIT_USAGE;
  }
  for (size_t i = 0; i < VERBS; i++)
    if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 1, argv + 1);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
    print_help();
    return EXIT_DONE;
  }
  if (strcmp(argv[1], "--version") == 0) return cli_version();
  return unknown_verb(argv[1]);
}

int main(int argc, char **argv) {
  platform_begin();
  return out_finish(run_verb(argc, argv));
}
