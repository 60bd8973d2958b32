/* Router: case + tuning -> dispatches, cut over the tokens. */
#include <string.h>

#include "cut.h"
#include "room.h"
#include "router.h"

enum { TUNING_THREADS, TUNING_TOKENS };
enum { WINDOW_TOKENS = 4 };   /* 4 rows of logits, and of the choice, are a multiple of 16 bytes */

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

static const char *threads_valid(const struct caps *caps, const int32_t *tuning) {
  uint64_t threads = (uint64_t)tuning[TUNING_THREADS];
  return threads > caps->limits.invocations || threads > caps->limits.group_size[0]
           ? "the workgroup is larger than the device allows" : NULL;
}

const char *router_lane_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  return threads_valid(caps, tuning);
}

const char *router_subgroup_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  return threads_valid(caps, tuning);
}

const char *router_base_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  if ((uint64_t)tuning[TUNING_THREADS] * 2 * sizeof(float) > caps->limits.shared_memory)
    return "the reduction needs more shared memory than the device has";
  return threads_valid(caps, tuning);
}

static bool window_add(const struct kernel_case *kase, const int32_t *tuning, uint64_t group_tokens, uint32_t n_spec,
                       uint64_t begin, uint64_t end, struct dispatch_plan *out, struct error *err) {
  struct pass *pass = dispatch_plan_add(out, err);
  if (!pass) return false;
  uint64_t logit_row = (uint64_t)kase->dim[ROUTER_EXPERTS] * sizeof(float);
  uint64_t choice_row = (uint64_t)kase->dim[ROUTER_TOPK] * 2 * sizeof(float);
  pass->binding[ROUTER_BINDING_LOGITS].tensor = ROUTER_LOGITS;
  pass->binding[ROUTER_BINDING_LOGITS].offset = begin * logit_row;
  pass->binding[ROUTER_BINDING_LOGITS].size = (end - begin) * logit_row;
  pass->binding[ROUTER_BINDING_OUT].tensor = ROUTER_CHOICE;
  pass->binding[ROUTER_BINDING_OUT].offset = begin * choice_row;
  pass->binding[ROUTER_BINDING_OUT].size = (end - begin) * choice_row;
  pass->n_bindings = ROUTER_BINDINGS;
  for (uint32_t s = 0; s < n_spec; s++) pass->spec[s] = (uint32_t)tuning[s];
  pass->n_spec = n_spec;
  struct router_push push = {
    .tokens = (uint32_t)(end - begin),
    .experts = (uint32_t)kase->dim[ROUTER_EXPERTS],
    .topk = (uint32_t)kase->dim[ROUTER_TOPK],
    .sigmoid = (uint32_t)kase->dim[ROUTER_SIGMOID],
    .renormalise = (uint32_t)kase->dim[ROUTER_RENORMALISE],
  };
  memcpy(pass->push, &push, sizeof push);
  pass->push_bytes = sizeof push;
  pass->groups[0] = (uint32_t)((end - begin + group_tokens - 1) / group_tokens);
  pass->groups[1] = pass->groups[2] = 1;
  return true;
}

/* n_spec: how many of the tunables, in order, are specialisation constants. */
static bool plan(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning, uint64_t group_tokens,
                 uint32_t n_spec, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  uint64_t range = caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
  uint64_t row = max_u64((uint64_t)kase->dim[ROUTER_EXPERTS], 2 * (uint64_t)kase->dim[ROUTER_TOPK]) * sizeof(float);
  uint64_t most = min_u64(range / row, caps->limits.group_count[0] * group_tokens);
  struct cut over_tokens;
  if (!cut_make(&over_tokens, (uint64_t)kase->dim[ROUTER_TOKENS], max_u64(WINDOW_TOKENS, group_tokens), most))
    return error_set(err, ERROR_UNSUPPORTED,
                     "router: the tokens of one workgroup exceed the device's maxStorageBufferRange");
  cut_raise(&over_tokens, min_windows);
  if (over_tokens.windows < min_windows)
    return error_set(err, ERROR_UNSUPPORTED, "router: cannot be split into %u parts: %llu is the most", min_windows,
                     (unsigned long long)over_tokens.windows);
  for (uint64_t i = 0; i < over_tokens.windows; i++) {
    uint64_t begin = cut_begin(&over_tokens, i), end = cut_begin(&over_tokens, i + 1);
    if (!window_add(kase, tuning, group_tokens, n_spec, begin, end, out, err)) return false;
  }
  out->windows = (uint32_t)over_tokens.windows;
  return true;
}

bool router_lane_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                      const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  (void)variant;
  return plan(kase, caps, tuning, (uint64_t)tuning[TUNING_THREADS], 1, min_windows, out, err);
}

bool router_group_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                       const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  (void)variant;
  return plan(kase, caps, tuning, (uint64_t)tuning[TUNING_TOKENS], 2, min_windows, out, err);
}
