#include "args.h"
#include "cli.h"
#include "run.h"

static const struct args_verb verb = {
  .name = "worker",
  .about = "Holds a device for another vkpareto, which talks to it over stdin and stdout.",
  .options = {
    {"device", "INDEX", "as `vkpareto devices` counts; without it the devices are listed"},
    {"validation", NULL, "with the validation layers"},
    {"anew", NULL, "take no compiled pipelines of earlier processes"},
    {"allocation", "BYTES", "allocate no more at once"},
    {"range", "BYTES", "bind no more at once"},
  },
  .example = "vkpareto worker --device 0",
};

int cli_worker(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  uint64_t device = 0;
  struct worker_options options = {.allocation = UINT64_MAX, .range = UINT64_MAX};
  if (!args_text(&args, "device")) return bench_worker_list();
  if (!args_u64(&args, "device", 0, 1000, &device, &err) ||
      !args_u64(&args, "allocation", 1, UINT64_MAX, &options.allocation, &err) ||
      !args_u64(&args, "range", 1, UINT64_MAX, &options.range, &err))
    return args_fail(&args, &err);
  options.device = (size_t)device;
  options.validation = args_flag(&args, "validation");
  options.anew = args_flag(&args, "anew");
  return bench_worker(&options);
}
