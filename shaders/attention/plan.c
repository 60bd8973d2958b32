/* Cases of attention -> windows -> dispatches. */
#include "attention_shape.h"

#include <math.h>
#include <string.h>

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/* ---- windows: some whole pairs, or some rows of one pair */

struct window { uint64_t pair, pairs, row, rows; };

static uint64_t storage_limit(const struct caps *caps) {
  return caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
}

static const char *const keys_too_long = "the keys of one KV head exceed the device's maxStorageBufferRange";

/* The largest windows that bindings and workgroup counts allow and that are at least min_windows. scratch_row: bytes of
 * scratch per query row. A row is at most one workgroup in x or y, a pair one in z. */
static bool window_size(const struct attention_shape *shape, const struct caps *caps, uint64_t scratch_row,
                        uint32_t min_windows, struct window *size, struct error *err) {
  const uint64_t limit = storage_limit(caps);
  const uint64_t row_bytes = most(shape->head * sizeof(float), scratch_row);
  if (shape->key_bytes > limit) return error_set(err, ERROR_UNSUPPORTED, "attention: %s", keys_too_long);
  if (row_bytes > limit)
    return error_set(err, ERROR_UNSUPPORTED,
                     "attention: the scratch of one query row exceeds the device's maxStorageBufferRange");

  const uint64_t rows_fit = least(limit / row_bytes, least(caps->limits.group_count[0], caps->limits.group_count[1]));
  const uint64_t pairs_fit =
      least(limit / most(shape->key_bytes, shape->rows * row_bytes), caps->limits.group_count[2]);
  if (rows_fit >= shape->rows && pairs_fit >= 1 && min_windows <= shape->pairs) {
    *size = (struct window){.pairs = least(least(pairs_fit, shape->pairs), shape->pairs / most(min_windows, 1)),
                            .rows = shape->rows};
    return true;
  }
  const uint64_t parts = divide_up(most(min_windows, 1), shape->pairs);
  if (parts > shape->rows)
    return error_set(err, ERROR_UNSUPPORTED,
                     "attention: %u parts were asked for, but there are only %llu query rows; a smaller case runs",
                     min_windows, (unsigned long long)(shape->pairs * shape->rows));
  *size = (struct window){.pairs = 1, .rows = least(rows_fit, shape->rows / parts)};
  return true;
}

/* Steps to the next window; false after the last. Start from a window with rows == 0. */
static bool window_next(const struct attention_shape *shape, const struct window *size, struct window *at) {
  uint64_t row = at->row + at->rows, pair = at->pair;
  if (at->rows && row == shape->rows) {
    row = 0;
    pair += at->pairs;
  }
  if (pair == shape->pairs) return false;
  *at = (struct window){pair, least(size->pairs, shape->pairs - pair), row, least(size->rows, shape->rows - row)};
  return true;
}

/* Keys that the tiles of a window's rows walk, `round` at a time: as visible_keys_of_tile in io.glsl. Of very many rows
 * the first stand for all. */
static double walked_keys(const struct attention_shape *shape, const struct window *window, uint64_t tile,
                          uint64_t round) {
  const uint64_t most_rows = 1 << 16, rows = least(window->rows, most_rows);
  double keys = 0;
  for (uint64_t row = 0; row < rows; row += tile) {
    const uint64_t first = window->row + row, last = window->row + least(row + tile, window->rows) - 1;
    const bool one_head = first / shape->queries == last / shape->queries;
    const uint64_t seen = attention_visible(shape, one_head ? last % shape->queries : shape->queries - 1);
    keys += (double)(divide_up(seen, round) * round);
  }
  return keys * (double)window->rows / (double)rows;
}

/* ---- passes */

static void bind(struct pass *pass, size_t tensor, uint64_t offset, uint64_t size) {
  pass->binding[pass->n_bindings].tensor = (uint32_t)tensor;
  pass->binding[pass->n_bindings].offset = offset;
  pass->binding[pass->n_bindings].size = size;
  pass->n_bindings++;
}

static void bind_rows(struct pass *pass, const struct attention_shape *shape, const struct window *window,
                      size_t tensor) {
  const uint64_t row_bytes = shape->head * sizeof(float);
  bind(pass, tensor, (window->pair * shape->rows + window->row) * row_bytes, window->pairs * window->rows * row_bytes);
}

/* Q, K, V and their scales, in the order of io.glsl. */
static void bind_inputs(struct pass *pass, const struct attention_shape *shape, const struct window *window) {
  bind_rows(pass, shape, window, TENSOR_Q);
  for (size_t tensor = TENSOR_K; tensor <= TENSOR_V; tensor++)
    bind(pass, tensor, window->pair * shape->key_bytes, window->pairs * shape->key_bytes);
  for (size_t tensor = TENSOR_K_SCALE; shape->int8 && tensor <= TENSOR_V_SCALE; tensor++)
    bind(pass, tensor, window->pair * shape->scale_bytes, window->pairs * shape->scale_bytes);
}

static struct attention_params params_of(const struct attention_shape *shape, const struct window *window) {
  return (struct attention_params){
    .rows = (uint32_t)window->rows,
    .first_row = (uint32_t)window->row,
    .queries = (uint32_t)shape->queries,
    .keys = (uint32_t)shape->keys,
    .visible = (uint32_t)attention_visible(shape, 0),
    .step = shape->causal ? 1 : 0,
    .scales = (uint32_t)(shape->scale_bytes / 2),
    .scale = (float)(1 / sqrt((double)shape->head)),
  };
}

/* To be called when everything is bound. */
static void set_push(struct pass *pass, const struct attention_params *params) {
  const size_t base_bytes = pass->n_bindings * sizeof(uint32_t);
  memcpy(pass->push + base_bytes, params, sizeof *params);
  pass->push_bytes = (uint32_t)(base_bytes + sizeof *params);
}

static void set_spec(struct pass *pass, uint64_t threads, uint64_t head, uint64_t keys, bool partial) {
  pass->spec[0] = (uint32_t)threads;
  pass->spec[ATTENTION_SPEC_HEAD] = (uint32_t)head;
  pass->spec[ATTENTION_SPEC_KEYS] = (uint32_t)keys;
  pass->spec[ATTENTION_SPEC_PARTIAL] = partial;
  pass->n_spec = ATTENTION_N_SPEC;
}

static void set_groups(struct pass *pass, uint64_t x, uint64_t y, uint64_t z) {
  pass->groups[0] = (uint32_t)x;
  pass->groups[1] = (uint32_t)y;
  pass->groups[2] = (uint32_t)z;
}

static const char *shape_refusal(const struct attention_shape *shape, const struct caps *caps) {
  const char *refusal = attention_refusal(shape);
  if (refusal) return refusal;
  return shape->key_bytes > storage_limit(caps) ? keys_too_long : NULL;
}

/* Mesa's llvmpipe (22.3) ends a loop silently when an invocation has made so many trips, those of all its loops
 * together. */
enum { LOOP_TRIPS = 65535 };
static const char *const walk_too_long =
    "walks more keys than software drivers let an invocation loop over; split keys instead";

/* ---- naive: three passes a window, all in the same scratch */

enum { NAIVE_THREADS = 64 };    /* as the default of flash */

static const char *naive_valid(const struct attention_shape *shape, const struct caps *caps) {
  const char *refusal = shape_refusal(shape, caps);
  if (refusal) return refusal;
  if (caps->type == DEVICE_CPU && shape->keys / ATTENTION_UNROLL >= LOOP_TRIPS) return walk_too_long;
  return shape->keys * sizeof(float) > storage_limit(caps)
             ? "one row of scores exceeds the device's maxStorageBufferRange"
             : NULL;
}

bool attention_naive_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  (void)tuning;
  enum { SCORES, SOFTMAX, WEIGHTED, PASSES };
  const struct attention_shape shape = attention_shape_of(kase, variant->technique);
  const uint64_t score_row = shape.keys * sizeof(float);
  struct window size, at = {0};
  if (!window_size(&shape, caps, score_row, min_windows, &size, err)) return false;
  out->n_scratch = 1;
  out->scratch[0] = divide_up(size.pairs * size.rows * score_row, 16) * 16;

  for (; window_next(&shape, &size, &at); out->windows++) {
    const struct attention_params params = params_of(&shape, &at);
    const uint64_t tiles = divide_up(at.rows, ATTENTION_NAIVE_ROWS);
    const uint64_t groups[PASSES][2] = {
      [SCORES] = {divide_up(shape.keys, NAIVE_THREADS), tiles},
      [SOFTMAX] = {at.rows, 1},
      [WEIGHTED] = {divide_up(tiles * (shape.head / 4), NAIVE_THREADS), 1},
    };
    const double keys[PASSES] = {   /* that its tiles of rows walk */
      [SCORES] = (double)(tiles * divide_up(shape.keys, NAIVE_THREADS) * NAIVE_THREADS),
      [WEIGHTED] = walked_keys(&shape, &at, ATTENTION_NAIVE_ROWS, ATTENTION_UNROLL),
    };
    for (uint32_t p = 0; p < PASSES; p++) {
      struct pass *pass = dispatch_plan_add(out, err);
      if (!pass) return false;
      pass->shader = p;
      bind_inputs(pass, &shape, &at);
      bind_rows(pass, &shape, &at, shape.out);
      bind(pass, shape.out + 1, 0, divide_up(at.pairs * at.rows * score_row, 16) * 16);
      set_push(pass, &params);
      set_spec(pass, NAIVE_THREADS, shape.head, 1, false);
      set_groups(pass, groups[p][0], groups[p][1], at.pairs);
      pass->work = 2.0 * (double)(at.pairs * shape.head * ATTENTION_NAIVE_ROWS) * keys[p];
    }
  }
  return true;
}

/* ---- flash */

static const uint64_t flash_rows[] = {1, 4, 8, 16};   /* of the builds, in the order of variant->shaders */
enum { FLASH_BUILDS = sizeof flash_rows / sizeof flash_rows[0], MERGE_SHADER = FLASH_BUILDS, MERGE_THREADS = 64 };

static uint64_t block_of(const int32_t *tuning) { return (uint64_t)tuning[TUNE_THREADS] * (uint64_t)tuning[TUNE_KEYS]; }

/* Bytes of shared memory of flash.comp: weights, how many keys a row sees, and its partial results, 8 or one per 4
 * invocations. */
static uint64_t shared_bytes(uint64_t rows, const int32_t *tuning) {
  return rows * (block_of(tuning) + 1 + most(8, (uint64_t)tuning[TUNE_THREADS] / 4)) * sizeof(float);
}

/* Sixteen rows are kept from CPU devices: SwiftShader (Chromium 156) takes over half a minute to compile them, 13 s for
 * 12 rows, 1 s for 8. lavapipe compiles them well, but a device's type is all that may decide here. */
static bool build_fits(uint32_t build, const struct caps *caps, const int32_t *tuning) {
  if (flash_rows[build] > 8 && caps->type == DEVICE_CPU) return false;
  return shared_bytes(flash_rows[build], tuning) <= caps->limits.shared_memory;
}

/* The build that the tuning names; else the smallest that takes all rows of a pair, or the largest that fits. */
static uint32_t flash_build(const struct attention_shape *shape, const struct caps *caps, const int32_t *tuning) {
  uint32_t best = 0;
  for (uint32_t b = 0; b < FLASH_BUILDS; b++) {
    if (flash_rows[b] == (uint64_t)tuning[TUNE_ROWS]) return b;
    if (b && flash_rows[b - 1] < shape->rows && build_fits(b, caps, tuning)) best = b;
  }
  return best;
}

static const char *flash_valid(const struct attention_shape *shape, const struct caps *caps, const int32_t *tuning) {
  const char *refusal = shape_refusal(shape, caps);
  if (refusal) return refusal;
  const uint64_t threads = (uint64_t)tuning[TUNE_THREADS];
  if (threads > caps->limits.invocations || threads > caps->limits.group_size[0])
    return "more invocations than a workgroup may have";
  if (threads < shape->head / 4) return "needs an invocation per 4 elements of head";
  if (!build_fits(flash_build(shape, caps, tuning), caps, tuning))
    return "needs more shared memory than the device has, or more registers than a CPU";
  return NULL;
}

/* Loop trips of an invocation of flash.comp over a chunk: scores, weights, maximum and values of each block. */
static uint64_t loop_trips(const struct attention_shape *shape, uint64_t rows, const int32_t *tuning, uint64_t chunk) {
  const uint64_t block = block_of(tuning), keys = (uint64_t)tuning[TUNE_KEYS];
  const uint64_t teams = (uint64_t)tuning[TUNE_THREADS] / (shape->head / 4);
  return chunk / block *
         (keys * (shape->head / 8 + 2) + 8 + block / 8 + divide_up(block, teams * ATTENTION_FLASH_UNROLL(rows)) + 1);
}

/* One flash pass a window. splits == 0: the output is final; else partial results go to scratch and a merge follows. */
static bool flash_plan(const struct attention_shape *shape, const struct caps *caps, const int32_t *tuning,
                       uint64_t splits, uint64_t chunk, uint32_t min_windows, struct dispatch_plan *out,
                       struct error *err) {
  const uint64_t record_row = splits * (shape->head + 4) * sizeof(float);
  const uint32_t build = flash_build(shape, caps, tuning);
  const size_t scratch = shape->out + 1;
  struct window size, at = {0};
  if (caps->type == DEVICE_CPU && loop_trips(shape, flash_rows[build], tuning, chunk) >= LOOP_TRIPS)
    return error_set(err, ERROR_UNSUPPORTED, "attention: %s", walk_too_long);
  if (!window_size(shape, caps, record_row, min_windows, &size, err)) return false;
  if (splits) {
    out->n_scratch = 1;
    out->scratch[0] = size.pairs * size.rows * record_row;
  }

  for (; window_next(shape, &size, &at); out->windows++) {
    struct attention_params params = params_of(shape, &at);
    params.chunk = (uint32_t)chunk;
    params.splits = (uint32_t)splits;
    const uint64_t record_bytes = at.pairs * at.rows * record_row;

    struct pass *pass = dispatch_plan_add(out, err);
    if (!pass) return false;
    pass->shader = build;
    bind_inputs(pass, shape, &at);
    if (splits) bind(pass, scratch, 0, record_bytes);
    else bind_rows(pass, shape, &at, shape->out);
    set_push(pass, &params);
    set_spec(pass, (uint64_t)tuning[TUNE_THREADS], shape->head, (uint64_t)tuning[TUNE_KEYS], splits != 0);
    set_groups(pass, divide_up(at.rows, flash_rows[build]), most(splits, 1), at.pairs);
    pass->work = 4.0 * (double)(at.pairs * shape->head * flash_rows[build]) *
                 walked_keys(shape, &at, flash_rows[build], block_of(tuning));
    if (!splits) continue;

    struct pass *merge = dispatch_plan_add(out, err);
    if (!merge) return false;
    merge->shader = MERGE_SHADER;
    bind(merge, scratch, 0, record_bytes);
    bind_rows(merge, shape, &at, shape->out);
    set_push(merge, &params);
    set_spec(merge, MERGE_THREADS, shape->head, 1, false);
    set_groups(merge, divide_up(at.rows * (shape->head / 4), MERGE_THREADS), 1, at.pairs);
  }
  return true;
}

bool attention_flash_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  const struct attention_shape shape = attention_shape_of(kase, variant->technique);
  const uint64_t chunk = divide_up(shape.keys, block_of(tuning)) * block_of(tuning);
  return flash_plan(&shape, caps, tuning, 0, chunk, min_windows, out, err);
}

/* As many splits as make the partial results, written and read once, cost a 16th of the bytes of keys and values. No
 * count of cores is needed: decode of 4 heads per KV head over 4,096 keys gets 32 chunks, a prefill of hundreds of
 * rows 1. */
static uint64_t default_splits(const struct attention_shape *shape) {
  const uint64_t split_bytes = 2 * shape->rows * (shape->head + 4) * sizeof(float);
  return most(1, 2 * (shape->key_bytes + shape->scale_bytes) / 16 / split_bytes);
}

bool attention_split_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  const struct attention_shape shape = attention_shape_of(kase, variant->technique);
  const uint64_t wanted = tuning[TUNE_SPLITS] ? (uint64_t)tuning[TUNE_SPLITS] : default_splits(&shape);
  const uint64_t splits = least(wanted, caps->limits.group_count[1]);
  const uint64_t chunk = divide_up(divide_up(shape.keys, splits), block_of(tuning)) * block_of(tuning);
  return flash_plan(&shape, caps, tuning, divide_up(shape.keys, chunk), chunk, min_windows, out, err);
}

const char *attention_naive_valid_f16(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)tuning;
  const struct attention_shape shape = attention_shape_of(kase, "_f16");
  return naive_valid(&shape, caps);
}

const char *attention_naive_valid_int8(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)tuning;
  const struct attention_shape shape = attention_shape_of(kase, "_int8");
  return naive_valid(&shape, caps);
}

const char *attention_flash_valid_f16(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  const struct attention_shape shape = attention_shape_of(kase, "_f16");
  return flash_valid(&shape, caps, tuning);
}

const char *attention_flash_valid_int8(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  const struct attention_shape shape = attention_shape_of(kase, "_int8");
  return flash_valid(&shape, caps, tuning);
}
