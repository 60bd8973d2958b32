#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "device_select.h"
#include "log.h"
#include "run.h"

static const struct args_verb verb = {
  .name = "run",
  .about = "Measures a suite on a device. Every variant is proved right before it is timed; the result goes to\n"
           "DIR/<device>/<driver>-<suite>.json, its path to stdout. Ctrl-C writes what there is to .partial.json\n"
           "beside it. With --device all one device is measured after the other; one that fails does not stop the\n"
           "others, and the exit status is that of the first that failed.",
  .options = {
    {"suite", "NAME", "quick, standard, full, or a .json file (default: quick)"},
    {"device", "SEL", "which device: index, UUID, part of a name, or all (default: the best)"},
    {"filter", "GLOB", "only rows whose id matches, as 'matmul/*int4*'"},
    {"budget", "SECONDS", "stop when this much time is used up, on each device"},
    {"resume", NULL, "go on with a run that was cut off"},
    {"seed", "N", "of data and order (default: 1)"},
    {"out", "DIR", "folder of results (default: ./results)"},
    {"validation", NULL, "with the Vulkan validation layers"},
    {"dry-run", NULL, "print what would be measured, and why the rest not"},
  },
  .example = "vkpareto run --suite quick --device 0",
};

struct work { struct run_options options; bool dry; };

static bool run_device(void *context, size_t index, const char *uuid, int *status, struct error *err) {
  struct work *work = context;
  work->options.device = index;
  work->options.uuid = uuid;
  if (work->dry) return bench_print_plan(&work->options, err);
  char path[4096];
  size_t n_ok;
  bool ok = bench_run(&work->options, path, &n_ok, err);
  if (*path) printf("%s\n", path);
  fflush(stdout);   /* the next device may take hours */
  if (!ok || n_ok) return ok;
  log_error("run: no row could be measured on device %zu; the result says of each why", index);
  *status = EXIT_NO_ROWS;
  return true;
}

int cli_run(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  const char *suite = args_text(&args, "suite"), *out = args_text(&args, "out");
  struct work work = {.dry = args_flag(&args, "dry-run"), .options = {
    .suite = suite ? suite : "quick", .out = out ? out : "results", .filter = args_text(&args, "filter"), .seed = 1,
    .resume = args_flag(&args, "resume"), .validation = args_flag(&args, "validation"),
  }};
  struct selection selection;
  if (!args_u64(&args, "seed", 0, UINT64_MAX, &work.options.seed, &err) ||
      !args_double(&args, "budget", 1, 1e7, &work.options.budget_s, &err) ||
      !bench_check_suite(work.options.suite, &err) ||
      !device_select_here(args_text(&args, "device"), &selection, &err))
    return args_fail(&args, &err);
  work.options.several = selection.n > 1;
  return selection_each(&selection, &args, run_device, &work);
}
