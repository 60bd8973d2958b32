/* Cases of this room -> windows -> dispatches. Whole sequences as long as they fit; else some rows and heads of one
 * sequence, whose (sequence, KV head) pairs are bound whole: only their beginnings are sure to be aligned. */
#include "kv_shape.h"

#include <string.h>

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static uint64_t storage_limit(const struct caps *caps) {
  return caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
}

/* ---- windows */

/* Into how many nearly equal runs each dimension is cut; rows and heads only where every sequence is a run of its
 * own. */
struct cuts { uint64_t batch, rows, heads; };
struct run { uint64_t first, n; };
struct window { struct run batch, rows, heads; };

static struct run run_of(uint64_t n, uint64_t runs, uint64_t i) {
  return (struct run){n * i / runs, n * (i + 1) / runs - n * i / runs};
}

static uint64_t raise_to(uint64_t wanted, uint64_t now, uint64_t limit) { return most(now, least(wanted, limit)); }

static bool cuts_make(const struct kv_shape *shape, const struct caps *caps, uint32_t min_windows, struct cuts *cuts,
                      struct error *err) {
  const uint64_t limit = storage_limit(caps);
  const uint64_t rows_fit = least(limit / most(shape->x_row, shape->angle_row), caps->limits.group_count[1]);
  const uint64_t heads_fit = limit / shape->pair_bytes;
  if (!rows_fit || !heads_fit)
    return error_set(
      err, ERROR_UNSUPPORTED,
      "kv_cache: the cache of one KV head exceeds the device's maxStorageBufferRange; a smaller kv runs");
  *cuts = (struct cuts){shape->batch, divide_up(shape->rows, rows_fit), divide_up(shape->kv_heads, heads_fit)};
  if (cuts->rows == 1 && cuts->heads == 1) {
    const uint64_t sequences_fit =
      least(rows_fit / shape->rows, least(heads_fit / shape->kv_heads, caps->limits.group_count[2]));
    cuts->batch = raise_to(min_windows, divide_up(shape->batch, sequences_fit), shape->batch);
  }
  if (cuts->batch == shape->batch) {
    cuts->rows = raise_to(divide_up(min_windows, cuts->batch * cuts->heads), cuts->rows, shape->rows);
    cuts->heads = raise_to(divide_up(min_windows, cuts->batch * cuts->rows), cuts->heads, shape->kv_heads);
  }
  if (cuts->batch * cuts->rows * cuts->heads < min_windows)
    return error_set(err, ERROR_UNSUPPORTED, "kv_cache: cannot be cut into %u parts; a smaller case runs", min_windows);
  return true;
}

/* ---- passes */

static void bind(struct pass *pass, size_t tensor, uint64_t offset, uint64_t size) {
  pass->binding[pass->n_bindings].tensor = (uint32_t)tensor;
  pass->binding[pass->n_bindings].offset = offset;
  pass->binding[pass->n_bindings].size = size;
  pass->n_bindings++;
}

/* x, angles, codes, scales: the order of io.glsl. */
static void bind_all(struct pass *pass, const struct kv_shape *shape, const struct window *window) {
  const uint64_t token = window->batch.first * shape->rows + window->rows.first,
                 tokens = window->batch.n * window->rows.n;
  const uint64_t pair = window->batch.first * shape->kv_heads + window->heads.first,
                 pairs = window->batch.n * window->heads.n;
  bind(pass, KV_X, token * shape->x_row, tokens * shape->x_row);
  if (shape->rope) bind(pass, KV_ANGLES, token * shape->angle_row, tokens * shape->angle_row);
  bind(pass, shape->cache, pair * shape->pair_bytes, pairs * shape->pair_bytes);
  if (shape->int8) bind(pass, shape->cache, shape->codes_bytes + pair * shape->scale_bytes, pairs * shape->scale_bytes);
}

static bool window_add(const struct kv_shape *shape, const struct window *window, uint32_t shader, uint64_t threads,
                       uint64_t head_threads, struct dispatch_plan *out, struct error *err) {
  struct pass *pass = dispatch_plan_add(out, err);
  if (!pass) return false;
  const struct kv_cache_params params = {
    .heads = (uint32_t)window->heads.n,
    .first_head = (uint32_t)window->heads.first,
    .all_heads = (uint32_t)shape->kv_heads,
    .rows = (uint32_t)window->rows.n,
    .position = (uint32_t)(shape->position + window->rows.first),
    .capacity = (uint32_t)shape->capacity,
    .scale_words = (uint32_t)(shape->scale_bytes / 4),
  };
  pass->shader = shader;
  bind_all(pass, shape, window);
  const size_t base_bytes = pass->n_bindings * sizeof(uint32_t);
  memcpy(pass->push + base_bytes, &params, sizeof params);
  pass->push_bytes = (uint32_t)(base_bytes + sizeof params);
  pass->spec[0] = (uint32_t)threads;
  pass->spec[KV_CACHE_SPEC_HEAD] = (uint32_t)shape->head;
  pass->n_spec = 2;
  pass->groups[0] = (uint32_t)divide_up(window->heads.n * head_threads, threads);
  pass->groups[1] = (uint32_t)window->rows.n;
  pass->groups[2] = (uint32_t)window->batch.n;
  return true;
}

/* head_threads: invocations that one head of one row takes. */
static bool plan_windows(const struct kv_shape *shape, const struct caps *caps, uint32_t shader, uint64_t threads,
                         uint64_t head_threads, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct cuts cuts = {0};
  if (!cuts_make(shape, caps, min_windows, &cuts, err)) return false;
  for (uint64_t b = 0; b < cuts.batch; b++)
    for (uint64_t r = 0; r < cuts.rows; r++)
      for (uint64_t h = 0; h < cuts.heads; h++) {
        const struct window window = {run_of(shape->batch, cuts.batch, b), run_of(shape->rows, cuts.rows, r),
                                      run_of(shape->kv_heads, cuts.heads, h)};
        if (!window_add(shape, &window, shader, threads, head_threads, out, err)) return false;
      }
  out->windows = (uint32_t)out->n;
  return true;
}

bool kv_store_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                   const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  const struct kv_shape shape = kv_shape_of(kase, variant->technique);
  return plan_windows(&shape, caps, 0, (uint64_t)tuning[TUNE_THREADS], shape.head / 8, min_windows, out, err);
}

bool kv_quantise_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                      const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  const struct kv_shape shape = kv_shape_of(kase, variant->technique);
  const uint64_t lanes = (uint64_t)tuning[TUNE_LANES];
  const uint32_t build = lanes == 2 ? 0 : lanes == 4 ? 1 : 2; /* in the order of variant->shaders */
  return plan_windows(&shape, caps, build, (uint64_t)tuning[TUNE_THREADS], shape.head / KV_CACHE_GROUP * lanes,
                      min_windows, out, err);
}

/* ---- valid */

const char *kv_store_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  const uint32_t threads = (uint32_t)tuning[TUNE_THREADS];
  return threads > caps->limits.invocations || threads > caps->limits.group_size[0]
           ? "more invocations than a workgroup may have"
           : NULL;
}

const char *kv_shared_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  if ((uint64_t)tuning[TUNE_THREADS] * sizeof(float) > caps->limits.shared_memory)
    return "needs more shared memory than the device has";
  return kv_store_valid(kase, caps, tuning);
}

const char *kv_shuffle_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  if ((uint32_t)tuning[TUNE_LANES] * 2 > caps->subgroup.min)
    return "two groups need more lanes than a subgroup may have";
  return kv_store_valid(kase, caps, tuning);
}
