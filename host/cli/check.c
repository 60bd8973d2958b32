#include <stdio.h>

#include "args.h"
#include "cli.h"
#include "device_select.h"
#include "gpu.h"
#include "log.h"
#include "run.h"

static const struct args_verb verb = {
    .name = "check",
    .about =
        "Proves every kernel right on a device: odd shapes, exact, random and extreme data, every element against a\n"
        "reference in double precision, guards round every buffer, two runs with the same bits. Times nothing.",
    .options =
        {
            {"device", "SEL", "which device: index, UUID, part of a name, or all (default: the best)"},
            {"filter", "GLOB", "only variants whose id matches, as 'matmul.*'"},
            {"seed", "N", "of the test data (default: 1)"},
            {"validation", NULL, "with the Vulkan validation layers; any message fails"},
        },
    .example = "vkpareto check --device 0 --filter 'matmul.int4*'",
};

int cli_check(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  bool empty = false;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct run_options options = {
      .filter = args_text(&args, "filter"), .seed = 1, .validation = args_flag(&args, "validation")};
  size_t devices[GPU_MAX_DEVICES], n, all_wrong = 0;
  if (!args_u64(&args, "seed", 0, UINT64_MAX, &options.seed, &err) ||
      !device_select_here(args_text(&args, "device"), true, devices, &n, &err))
    return args_fail(&args, &err);
  for (size_t d = 0; d < n; d++) {
    size_t n_ok, n_wrong;
    options.device = devices[d];
    if (!bench_check(&options, &n_ok, &n_wrong, &err)) return args_fail(&args, &err);
    all_wrong += n_wrong;
    if (n_ok + n_wrong) continue;
    log_error("check: nothing could be proved on device %zu; the lines above say of each variant why", options.device);
    empty = true;
  }
  return all_wrong ? EXIT_WRONG : empty ? EXIT_NO_ROWS : EXIT_DONE;
}
