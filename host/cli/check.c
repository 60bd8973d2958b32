
#include "args.h"
#include "cli.h"
#include "device_select.h"
#include "log.h"
#include "plan.h"
#include "run.h"

static const struct args_verb verb = {
    .name = "check",
    .about =
        "Proves every kernel right on a device: odd shapes, exact, random and extreme data, every element against a\n"
        "reference in double precision, guards round every buffer, two runs with the same bits. Times nothing.\n"
        "With --device all, one that fails does not stop the others; the exit status is that of the first that failed.",
    .options =
        {
            {"device", "SEL", "which device: index, UUID, part of a name, or all (default: the best)"},
            {"filter", "GLOB", "only variants whose id matches, as 'matmul.*'"},
            {"seed", "N", "of the test data (default: 1)"},
            {"validation", NULL, "with the Vulkan validation layers; any message fails"},
        },
    .example = "vkpareto check --device 0 --filter 'matmul.int4*'",
};

static bool check_device(void *context, size_t index, const char *uuid, int *status, struct error *err) {
  struct run_options *options = context;
  size_t n_ok, n_wrong;
  options->device = index;
  options->uuid = uuid;
  if (!bench_check(options, &n_ok, &n_wrong, err)) return false;
  *status = n_wrong ? EXIT_WRONG : n_ok ? EXIT_DONE : EXIT_NO_ROWS;
  if (*status == EXIT_NO_ROWS)
    log_error("check: nothing could be proved on device %zu; the lines above say of each variant why", index);
  return true;
}

int cli_check(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct run_options options = {
      .filter = args_text(&args, "filter"), .seed = 1, .validation = args_flag(&args, "validation")};
  struct selection selection;
  if (!args_u64(&args, "seed", 0, UINT64_MAX, &options.seed, &err) || !plan_check_filter(options.filter, &err) ||
      !device_select_here(args_text(&args, "device"), &selection, &err))
    return args_fail(&args, &err);
  return selection_each(&selection, &args, check_device, &options);
}
