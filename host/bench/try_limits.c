#include "try_limits.h"

#include <stdio.h>
#include <string.h>

#include "plan.h"

static const uint64_t MOST = 4ull << 30;
enum { STEPS = 16, WORDS = TRY_BLOCK / 4 };

struct limit_trial try_search(uint64_t most, bool (*works)(void *to, uint64_t bytes), void *to) {
  struct limit_trial trial = {0};
  most -= most % TRY_BLOCK;
  const uint64_t step = most / STEPS;
  if (most && works(to, most)) {
    trial.worked = most;
    return trial;
  }
  trial.failed = most;
  for (uint64_t next = most - step; trial.failed - trial.worked > step; next = (trial.worked + trial.failed) / 2) {
    next -= next % TRY_BLOCK;
    if (next == trial.worked || next == trial.failed) break;
    if (works(to, next)) trial.worked = next;
    else trial.failed = next;
  }
  return trial;
}

struct prober {
  struct gpu *gpu;
  struct gpu_buffer *buffer;   /* the largest that could be had */
  struct gpu_pipeline *copy;   /* of one block, from one place of a binding to another */
  struct pass pass;
  struct error err;            /* of a device that is lost */
};

/* A size that fails is an answer, a device that does is none. */
static bool fails(struct prober *prober, const struct error *why) {
  if (why->kind == ERROR_LOST || why->kind == ERROR_TIMEOUT) prober->err = *why;
  return false;
}

static bool allocates(void *to, uint64_t bytes) {
  struct prober *prober = to;
  struct error why = {0};
  if (prober->err.kind) return false;
  gpu_buffer_destroy(prober->gpu, prober->buffer);
  prober->buffer = gpu_buffer_create(prober->gpu, bytes, &why);
  return prober->buffer || fails(prober, &why);
}

/* ---- the far end of a binding */

/* The ceiling `copy` at its smallest moves one block; where from and to, the push words of its bindings say. */
static bool make_copy(struct prober *prober, struct error *err) {
  const struct family *family = family_find("ceilings");
  struct kernel_case kase = {.family = family, .dim = {TRY_BLOCK}, .mode = MODE_WARM};
  struct dispatch_plan plan = {0};
  const struct caps *caps = gpu_caps(prober->gpu);
  for (size_t v = 0; family && v < family->n_variants && !prober->copy; v++) {
    const struct variant *variant = &family->variants[v];
    int32_t tuning[KERNEL_TUNABLES] = {0};
    enum status status;
    char reason[128];
    if (strcmp(variant->technique, "ceilings.copy") != 0 ||
        !plan_runnable(variant, caps, &status, reason, sizeof reason) || plan_tuning(variant, &kase, caps, tuning) ||
        !variant->plan(variant, &kase, caps, tuning, 1, &plan, err))
      continue;
    prober->pass = plan.pass[0];
    prober->copy = gpu_pipeline_create(prober->gpu, spirv_find(variant->shaders[prober->pass.shader]), 2,
                                       prober->pass.push_bytes, prober->pass.spec, prober->pass.n_spec, NULL, err);
    dispatch_plan_free(&plan);
    plan = (struct dispatch_plan){0};
  }
  return prober->copy || error_set(err, ERROR_UNSUPPORTED, "no kernel that copies is in this program");
}

static struct gpu_dispatch copy_block(struct prober *prober, struct pass *pass, uint64_t range, uint64_t from,
                                      uint64_t to) {
  const uint32_t base[2] = {(uint32_t)(from / 4), (uint32_t)(to / 4)};
  *pass = prober->pass;
  memcpy(pass->push, base, sizeof base);
  struct gpu_dispatch dispatch = {.pipeline = prober->copy, .push = pass->push};
  for (size_t b = 0; b < 2; b++) {
    dispatch.binding[b].buffer = prober->buffer;
    dispatch.binding[b].size = range;
  }
  memcpy(dispatch.groups, pass->groups, sizeof dispatch.groups);
  return dispatch;
}

/* The first block is copied to the last, and the last to the second. */
static bool reaches(void *to, uint64_t range) {
  struct prober *prober = to;
  struct gpu *gpu = prober->gpu;
  const uint64_t last = range - TRY_BLOCK;
  struct error why = {0};
  struct gpu_time time;
  struct pass pass[2];
  uint32_t words[WORDS], far[WORDS], back[WORDS];
  if (prober->err.kind || last < 2 * TRY_BLOCK) return false;
  for (uint32_t i = 0; i < WORDS; i++) words[i] = (i + 1) * 2654435761u;   /* no two alike */
  const struct gpu_dispatch list[] = {copy_block(prober, &pass[0], range, 0, last),
                                      copy_block(prober, &pass[1], range, last, TRY_BLOCK)};
  bool done = gpu_upload(gpu, prober->buffer, 0, words, TRY_BLOCK, &why) &&
              gpu_fill(gpu, prober->buffer, TRY_BLOCK, TRY_BLOCK, 0, &why) &&
              gpu_fill(gpu, prober->buffer, last, TRY_BLOCK, 0, &why) &&
              gpu_run(gpu, list, 2, gpu_patience_ns, &time, &why) &&
              gpu_download(gpu, prober->buffer, last, far, TRY_BLOCK, &why) &&
              gpu_download(gpu, prober->buffer, TRY_BLOCK, back, TRY_BLOCK, &why);
  if (!done) return fails(prober, &why);
  return memcmp(far, words, TRY_BLOCK) == 0 && memcmp(back, words, TRY_BLOCK) == 0;
}

/* ---- both */

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

bool try_limits(struct rig *rig, struct error *err) {
  const struct caps *caps = gpu_caps(rig->gpu);
  struct prober prober = {.gpu = rig->gpu};
  struct tried_limits tried = {0};
  struct error why = {0};
  if (!make_copy(&prober, &why)) {
    snprintf(tried.reason, sizeof tried.reason, "%.150s", why.text);
  } else {
    uint64_t memory = caps_memory(caps);
    uint64_t most = least(caps->limits.allocation, memory ? memory / 2 : MOST);
    tried.allocation = try_search(least(MOST, most), allocates, &prober);
    if (tried.allocation.worked && (prober.buffer || allocates(&prober, tried.allocation.worked)))
      tried.storage_range = try_search(least(caps->limits.storage_range, tried.allocation.worked), reaches, &prober);
    if (!tried.allocation.worked) snprintf(tried.reason, sizeof tried.reason, "no allocation could be had");
  }
  gpu_buffer_destroy(rig->gpu, prober.buffer);
  gpu_pipeline_destroy(rig->gpu, prober.copy);
  if (prober.err.kind) {
    *err = prober.err;
    return error_prefix(err, "trying how much memory it gives: ");
  }
  gpu_take_trial(rig->gpu, &tried);
  return true;
}
