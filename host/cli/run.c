#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "device_select.h"
#include "gpu.h"
#include "log.h"
#include "run.h"

static const struct args_verb verb = {
  .name = "run",
  .about = "Measures a suite on a device. Every variant is proved right before it is timed; the result goes to\n"
           "DIR/<device>/<driver>-<suite>.json, its path to stdout.",
  .options = {
    {"suite", "NAME", "quick, standard, full, or a .json file (default: quick)"},
    {"device", "SEL", "which device: index, UUID, part of a name, or all (default: the best)"},
    {"filter", "GLOB", "only rows whose id matches, as 'matmul/*int4*'"},
    {"budget", "SECONDS", "stop when this much time is used up"},
    {"resume", NULL, "go on with a run that was cut off"},
    {"seed", "N", "of data and order (default: 1)"},
    {"out", "DIR", "folder of results (default: ./results)"},
    {"validation", NULL, "with the Vulkan validation layers"},
    {"dry-run", NULL, "print what would be measured, and why the rest not"},
  },
  .example = "vkpareto run --suite quick --device 0",
};

static bool run_device(const struct run_options *options, bool dry, size_t *n_ok, struct error *err) {
  if (dry) return bench_print_plan(options, err);
  char path[4096];
  bool ok = bench_run(options, path, n_ok, err);
  if (*path) printf("%s\n", path);
  return ok;
}

int cli_run(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  const char *suite = args_text(&args, "suite"), *out = args_text(&args, "out");
  bool dry = args_flag(&args, "dry-run");
  struct run_options options = {
    .suite = suite ? suite : "quick", .out = out ? out : "results", .filter = args_text(&args, "filter"), .seed = 1,
    .resume = args_flag(&args, "resume"), .validation = args_flag(&args, "validation"),
  };
  size_t devices[GPU_MAX_DEVICES], n, all_ok = 0;
  if (!args_u64(&args, "seed", 0, UINT64_MAX, &options.seed, &err) ||
      !args_double(&args, "budget", 1, 1e7, &options.budget_s, &err) || !bench_check_suite(options.suite, &err) ||
      !device_select_here(args_text(&args, "device"), true, devices, &n, &err))
    return args_fail(&args, &err);
  for (size_t d = 0; d < n; d++) {
    size_t n_ok = 0;
    options.device = devices[d];
    if (!run_device(&options, dry, &n_ok, &err)) return args_fail(&args, &err);
    all_ok += n_ok;
  }
  if (dry || all_ok) return EXIT_DONE;
  log_error("run: no row could be measured; the result says of each why");
  return EXIT_NO_ROWS;
}
