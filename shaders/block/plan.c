/* Cases of this room -> windows -> dispatches. A window is some rows, of embed also a slice of the table; everything
 * that belongs to a row is bound with it, everything else whole. */
#include "block_shape.h"

#include <inttypes.h>
#include <string.h>

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static uint64_t storage_limit(const struct caps *caps) {
  return caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
}

/* How a kernel covers a window: workgroups and constants. */
struct geometry {
  uint64_t threads, lanes;
  uint64_t row_groups; /* workgroups per row, in x; 0: rows lie in x, `teams` to a workgroup */
  uint64_t teams;
};

/* ---- windows */

struct window { uint64_t row, rows, token, tokens; };

/* Rows and tokens are each cut into nearly equal runs. */
struct cuts { uint64_t rows, tokens; };

static uint64_t cut(uint64_t n, uint64_t parts, uint64_t i) { return n * i / parts; }

static bool cuts_make(const struct block_shape *shape, const struct caps *caps, const struct geometry *geometry,
                      uint32_t min_windows, struct cuts *cuts, struct error *err) {
  const uint64_t limit = storage_limit(caps);
  uint64_t widest = block_out_row_bytes(shape), rows_fit = caps->limits.group_count[1];
  for (size_t i = 0; i < shape->n_inputs; i++) widest = most(widest, block_row_bytes(shape, shape->input[i].operand));
  if (!geometry->row_groups)
    rows_fit = caps->limits.group_count[0] * geometry->teams / (shape->norm_rows / shape->rows);
  rows_fit = least(rows_fit, limit / widest);
  const uint64_t token_bytes = shape->width * sizeof(uint16_t);
  const uint64_t tokens_fit = limit / token_bytes;
  if (!rows_fit || !tokens_fit)
    return error_set(err, ERROR_UNSUPPORTED,
                     "block: one row exceeds the device's maxStorageBufferRange or its workgroup count");
  cuts->tokens = shape->vocab ? divide_up(shape->vocab, tokens_fit) : 1;
  cuts->rows = most(divide_up(shape->rows, rows_fit), least(divide_up(min_windows, cuts->tokens), shape->rows));
  if (cuts->rows * cuts->tokens < min_windows)
    cuts->tokens = most(cuts->tokens, least(divide_up(min_windows, cuts->rows), shape->vocab));
  if (cuts->rows * cuts->tokens < min_windows)
    return error_set(err, ERROR_UNSUPPORTED, "block: %" PRIu64 " rows cannot be cut into %u parts", shape->rows,
                     min_windows);
  return true;
}

/* ---- passes */

static void bind(struct pass *pass, size_t tensor, uint64_t offset, uint64_t size) {
  pass->binding[pass->n_bindings].tensor = (uint32_t)tensor;
  pass->binding[pass->n_bindings].offset = offset;
  pass->binding[pass->n_bindings].size = size;
  pass->n_bindings++;
}

static void bind_all(struct pass *pass, const struct block_shape *shape, const struct window *window) {
  for (size_t i = 0; i < shape->n_inputs; i++) {
    const enum operand operand = shape->input[i].operand;
    const uint64_t row_bytes = block_row_bytes(shape, operand), token_bytes = shape->width * sizeof(uint16_t);
    if (row_bytes) bind(pass, i, window->row * row_bytes, window->rows * row_bytes);
    else if (operand == OPERAND_TABLE) bind(pass, i, window->token * token_bytes, window->tokens * token_bytes);
    else bind(pass, i, 0, block_input_bytes(shape, operand));
  }
  bind(pass, shape->n_inputs, window->row * block_out_row_bytes(shape), window->rows * block_out_row_bytes(shape));
}

static bool window_add(const struct block_shape *shape, const struct geometry *geometry, const struct window *window,
                       struct dispatch_plan *out, struct error *err) {
  struct pass *pass = dispatch_plan_add(out, err);
  if (!pass) return false;
  const uint64_t norm_rows = window->rows * (shape->norm_rows / shape->rows);
  const struct block_params params = {
    .rows = (uint32_t)norm_rows,
    .vectors = (uint32_t)(shape->norm_width / 4),
    .head_vectors = (uint32_t)(shape->head / 4),
    .heads = (uint32_t)(shape->norm_rows / shape->rows),
    .first_row = (uint32_t)window->row,
    .first_token = (uint32_t)window->token,
    .tokens = (uint32_t)window->tokens,
    .inverse = (float)(1 / (double)shape->norm_width),
  };
  bind_all(pass, shape, window);
  const size_t base_bytes = pass->n_bindings * sizeof(uint32_t);
  memcpy(pass->push + base_bytes, &params, sizeof params);
  pass->push_bytes = (uint32_t)(base_bytes + sizeof params);
  pass->spec[0] = (uint32_t)geometry->threads;
  pass->spec[BLOCK_SPEC_LANES] = (uint32_t)geometry->lanes;
  pass->n_spec = 2;
  pass->groups[0] = (uint32_t)(geometry->row_groups ? geometry->row_groups : divide_up(norm_rows, geometry->teams));
  pass->groups[1] = (uint32_t)(geometry->row_groups ? window->rows : 1);
  pass->groups[2] = 1;
  return true;
}

static bool plan_windows(const struct block_shape *shape, const struct caps *caps, const struct geometry *geometry,
                         uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct cuts cuts = {0};
  if (!cuts_make(shape, caps, geometry, min_windows, &cuts, err)) return false;
  for (uint64_t r = 0; r < cuts.rows; r++)
    for (uint64_t t = 0; t < cuts.tokens; t++) {
      struct window window = {.row = cut(shape->rows, cuts.rows, r), .token = cut(shape->vocab, cuts.tokens, t)};
      window.rows = cut(shape->rows, cuts.rows, r + 1) - window.row;
      window.tokens = cut(shape->vocab, cuts.tokens, t + 1) - window.token;
      if (!window_add(shape, geometry, &window, out, err)) return false;
    }
  out->windows = (uint32_t)out->n;
  return true;
}

/* ---- variants */

const char *block_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  const uint32_t threads = (uint32_t)tuning[TUNE_THREADS];
  if (threads > caps->limits.invocations || threads > caps->limits.group_size[0])
    return "more invocations than a workgroup may have";
  return threads * sizeof(float) > caps->limits.shared_memory ? "needs more shared memory than the device has" : NULL;
}

/* Invocations of a row: the largest power of two, within the workgroup, that leaves each at least one vector; on a CPU
 * one, where rows alone fill a workgroup, since a barrier costs more there than a lone walk (lavapipe of Mesa 22.3,
 * 256 rows of 2,048: 1.6 ms against 3.7; 4,096 heads of 128: 1.6 against 10). For long rows at least as many as keep
 * an invocation's trips below what drivers are known to allow (the same lavapipe: 65,535). */
static uint64_t lanes_of(const struct block_shape *shape, const struct caps *caps, const int32_t *tuning) {
  enum { TRIPS = 16384 };
  const uint64_t threads = (uint64_t)tuning[TUNE_THREADS], vectors = shape->norm_width / 4;
  uint64_t lanes = tuning[TUNE_LANES] ? least((uint64_t)tuning[TUNE_LANES], threads) : threads;
  while (!tuning[TUNE_LANES] && lanes > vectors) lanes /= 2;
  if (!tuning[TUNE_LANES] && caps->type == DEVICE_CPU && shape->norm_rows >= threads) lanes = 1;
  while (lanes < threads && divide_up(vectors, lanes) > TRIPS) lanes *= 2;
  return lanes;
}

bool block_plan_norm(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                     const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  const struct block_shape shape = block_shape_of(kase, variant->technique);
  struct geometry geometry = {.threads = (uint64_t)tuning[TUNE_THREADS], .lanes = lanes_of(&shape, caps, tuning)};
  geometry.teams = geometry.threads / geometry.lanes;
  return plan_windows(&shape, caps, &geometry, min_windows, out, err);
}

bool block_plan_norm_whole(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                           const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  const struct block_shape shape = block_shape_of(kase, variant->technique);
  const uint64_t threads = (uint64_t)tuning[TUNE_THREADS];
  const struct geometry geometry = {.threads = threads, .lanes = threads, .teams = 1};
  return plan_windows(&shape, caps, &geometry, min_windows, out, err);
}

static bool plan_grid(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                      const int32_t *tuning, uint64_t elements, uint32_t min_windows, struct dispatch_plan *out,
                      struct error *err) {
  const struct block_shape shape = block_shape_of(kase, variant->technique);
  const uint64_t threads = (uint64_t)tuning[TUNE_THREADS];
  const struct geometry geometry = {
    .threads = threads, .lanes = 1, .row_groups = divide_up(shape.width / elements, threads)};
  return plan_windows(&shape, caps, &geometry, min_windows, out, err);
}

bool block_plan_map(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                    const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_grid(variant, kase, caps, tuning, 4, min_windows, out, err);
}

bool block_plan_rope(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                     const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_grid(variant, kase, caps, tuning, 8, min_windows, out, err);
}
