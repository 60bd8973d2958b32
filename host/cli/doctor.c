/* What would spoil or shrink a run on this machine, each with the remedy: said before an hour is spent on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cache_folder.h"
#include "cli.h"
#include "client.h"
#include "device_select.h"
#include "gpu.h"
#include "machine.h"
#include "meter.h"
#include "paragraph.h"
#include "plan.h"
#include "text.h"

enum { MARGIN = 3, INDENT = 10, REMARKS = 8 };

/* "good": as it should be; "mind": a run works and is worth less; "bad": what is measured will not be what is meant. */
static void say(const char *verdict, const char *what, const char *remedy) {
  char text[1200];
  snprintf(text, sizeof text, "%s%s%s", what, *remedy ? "; " : "", remedy);
  paragraph_print(MARGIN, INDENT, verdict, text);
}

static void judge_layers(void) {
  static const char *const variables[] = {"VK_INSTANCE_LAYERS", "VK_LOADER_LAYERS_ENABLE"};
  for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
    const char *value = getenv(variables[i]);
    if (!value || !*value) continue;
    char what[400];
    snprintf(what, sizeof what, "%s loads Vulkan layers into every run (%.200s); they take part of what is timed",
             variables[i], value);
    say("bad", what, "unset it; `check --validation` loads the validation layer where it belongs");
    return;
  }
  say("good", "no Vulkan layer is forced upon the run by the environment", "");
}

static void judge_machine(const struct caps *caps) {
  struct machine_state state;
  struct machine_remark remark[REMARKS];
  machine_read("", caps->pci, &state);
  size_t n = machine_remarks(&state, remark, REMARKS);
  for (size_t i = 0; i < n; i++) say("mind", remark[i].what, remark[i].remedy);
  if (!n) say("good", "nothing else loads the machine, and nothing that can be read slows it down", "");
}

static void judge_meter(const struct caps *caps) {
  const struct meter_place place = meter_place_here();
  struct error err = {0};
  struct meter *meter = meter_open(caps, &place, &err);
  char what[300];
  snprintf(what, sizeof what, "joules are read from: %s", meter ? meter_name(meter) : "");
  if (meter) say("good", what, "");
  else say("mind", err.text, "energy stays null in the result");
  meter_close(meter);
}

/* One limit: what of the driver's claim was seen to work. */
static void judge_limit(const char *what, const struct limit_trial *trial) {
  char text[300], worked[32], failed[32], claimed[32];
  text_bytes((double)trial->worked, worked, sizeof worked);
  text_bytes((double)trial->failed, failed, sizeof failed);
  text_bytes((double)trial->claimed, claimed, sizeof claimed);
  if (trial->claimed) {
    snprintf(text, sizeof text, "the driver claims %s in %s, but %s failed and %s is what works", claimed, what, failed,
             worked);
    say("mind", text, "cases that need more are left out or split; a newer driver may keep its word");
  } else if (trial->worked) {
    snprintf(text, sizeof text, "%s in %s was tried and works", worked, what);
    say("good", text, "");
  }
}

static void judge_memory(const struct caps *caps) {
  judge_limit("one allocation", &caps->tried.allocation);
  judge_limit("one binding", &caps->tried.storage_range);
  if (!caps->tried.allocation.worked)
    say("mind", "how much memory the device gives at once was not tried", caps->tried.reason);
  if (!caps->n_heaps || !caps->heap[0].budget)
    say("mind", "the driver does not tell how much memory is free (VK_EXT_memory_budget)",
        "close programs that use the device; `recommend` takes the whole heap unless --max-memory is given");
}

static void judge_device(const struct caps *caps) {
  char text[300];
  if (caps->type == DEVICE_CPU)
    say("mind", "this device is a program on the CPU: its times say nothing about any GPU",
        "`vkpareto devices` lists what else there is; a GPU needs its vendor's Vulkan driver");
  if (caps->timestamps.valid_bits && !caps->timestamps.rejected) {
    snprintf(text, sizeof text, "the device's clock, of %u bits, %s", caps->timestamps.valid_bits,
             caps->timestamps.verdict);
    say("good", text, "");
  } else {
    snprintf(text, sizeof text, "the device's clock cannot be used: %s", caps->timestamps.verdict);
    say("mind", text, "compare only rows over 1 ms; a newer driver may have a better one");
  }
  judge_meter(caps);
  judge_memory(caps);
}

static void judge_cache(void) {
  char folder[3000], size[32], what[3200];
  size_t files;
  uint64_t bytes;
  if (!cache_folder_measure(folder, sizeof folder, &files, &bytes)) {
    say("good", "compiled pipelines are not kept: every run compiles anew", "");
    return;
  }
  text_bytes((double)bytes, size, sizeof size);
  snprintf(what, sizeof what, "compiled pipelines are kept in %.1000s (%zu file%s, %s), for drivers that give any; "
           "VKPARETO_CACHE names another folder, empty it asks for none", folder, files, files == 1 ? "" : "s", size);
  say("good", what, "");
}

static void judge_build(void) {
  size_t missing = 0, all = 0;
  const char *reason = "";
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++, all++)
      for (size_t s = 0; s < KERNEL_SHADERS && families[f]->variants[v].shaders[s]; s++) {
        const struct spirv *module = spirv_find(families[f]->variants[v].shaders[s]);
        if (module && module->words) continue;
        reason = module ? module->reason : "a shader is not in the build";
        missing++;
        break;
      }
  char what[400];
  if (missing) {
    snprintf(what, sizeof what, "%zu of %zu kernels are not in this program (%.200s)", missing, all, reason);
    say("mind", what, "scripts/setup fetches a newer glslc; then build again");
  } else {
    snprintf(what, sizeof what, "all %zu kernels are in this program (%s)", all, spirv_compiler);
    say("good", what, "");
  }
}

/* Why no variant of the technique can run at this shape, NULL when one can or when the row is not the first of its
 * technique and shape. A lack of memory says more than what a variant is made for. */
static const char *why_none(const struct plan *plan, size_t row) {
  const struct plan_row *a = &plan->rows[row], *best = a;
  for (size_t i = 0; i < plan->n; i++) {
    const struct plan_row *b = &plan->rows[i];
    if (a->technique != b->technique || a->kase.mode != b->kase.mode ||
        memcmp(a->kase.dim, b->kase.dim, sizeof a->kase.dim) != 0)
      continue;
    if (b->status == STATUS_OK || i < row) return NULL;
    if (b->status == STATUS_SKIPPED && best->status != STATUS_SKIPPED) best = b;
  }
  return best->reason;
}

/* One line for each reason, with the first case that it takes away and how many it takes besides. */
static bool judge_suite(const char *name, const struct plan *plan, struct error *err) {
  char text[1000], shape[160];
  bool whole = true;
  const char **reason = calloc(plan->n + 1, sizeof *reason);
  if (!reason) return error_set(err, ERROR_MEMORY, "out of memory for %zu rows", plan->n);
  for (size_t i = 0; i < plan->n; i++) reason[i] = why_none(plan, i);
  for (size_t i = 0; i < plan->n; i++) {
    if (!reason[i]) continue;
    const char *why = reason[i];
    size_t more = 0;
    for (size_t j = i + 1; j < plan->n; j++)
      if (reason[j] && strcmp(reason[j], why) == 0) {
        reason[j] = NULL;
        more++;
      }
    whole = false;
    kernel_shape_text(&plan->rows[i].kase, shape, sizeof shape);
    snprintf(text, sizeof text, "of suite %s, %s at %s cannot run here", name, plan->rows[i].technique->id, shape);
    if (more) snprintf(text + strlen(text), sizeof text - strlen(text), " (nor %zu more for this reason)", more);
    say("mind", text, why);
  }
  snprintf(text, sizeof text, "every technique of suite %s can run here at every shape", name);
  if (whole) say("good", text, "");
  free(reason);
  return true;
}

/* A device that cannot be opened is what is wrong with it; the others are still examined. */
static bool examine(size_t index, const struct caps *listed, const struct suite *suite, struct error *err) {
  struct caps caps;
  struct error closed = {0};
  printf("%zu  %s (%s)\n", index, listed->name, listed->driver_slug);
  const bool opened = client_examine(index, &caps, &closed);
  if (opened) {
    judge_device(&caps);
  } else if (closed.kind == ERROR_INTERRUPTED) {
    *err = closed;
    return false;
  } else {
    say("bad", "a run cannot open this device", closed.text);
  }
  struct plan *plan = plan_build(suite, opened ? &caps : listed, NULL, err);
  if (!plan) return false;
  judge_layers();
  judge_machine(listed);
  judge_cache();
  judge_build();
  bool ok = judge_suite(suite->name, plan, err);
  plan_free(plan);
  return ok;
}

static const struct args_verb verb = {
  .name = "doctor",
  .about = "Says what would spoil or shrink a run on this machine, each with the remedy: clock, layers, other load,\n"
           "power saving, kernels that this program lacks, rows of the suite that cannot run and why. Of the device\n"
           "it measures the clock, and tries how much memory it gives at once.",
  .options = {{"device", "SEL", "which device: index, UUID, part of a name, or all (default: the best)"},
              {"suite", "NAME", "which suite is to be run (default: standard)"}},
  .example = "vkpareto doctor --suite full",
};

int cli_doctor(int argc, char **argv) {
  struct args args;
  struct error err = {0};
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  const char *name = args_text(&args, "suite");
  struct suite *suite = suite_load(name ? name : "standard", &err);
  struct caps *devices = calloc(GPU_MAX_DEVICES, sizeof *devices);
  size_t chosen[GPU_MAX_DEVICES], n = 0, n_devices = 0;
  bool ok = suite && (devices || error_set(&err, ERROR_MEMORY, "out of memory listing devices")) &&
            client_devices(devices, GPU_MAX_DEVICES, &n_devices, &err) &&
            device_select(args_text(&args, "device"), true, devices, n_devices, chosen, &n, &err);
  for (size_t i = 0; ok && i < n; i++) ok = examine(chosen[i], &devices[chosen[i]], suite, &err);
  free(devices);
  suite_free(suite);
  return ok ? EXIT_DONE : args_fail(&args, &err);
}
