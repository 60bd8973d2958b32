/* Experts: case + device + tuning -> dispatches. The op is cut into windows of tokens, of experts and of the rows of
 * their matrices. A window binds whole rows of x and y of its tokens, and from w and the scales what lies between the
 * first row of its first expert and the last row of its last. */
#include <string.h>

#include "cut.h"
#include "geometry.h"
#include "moe.h"
#include "room.h"

enum { WINDOW_TOKENS = 4 };   /* 4 rows of y, and of the routing, are a multiple of 16 bytes */
enum { COMBINE_THREADS = 64 };
/* Shaders of a grouped variant. */
enum { SHADER_MULTIPLY, SHADER_COUNT, SHADER_SCAN, SHADER_SCATTER, SHADER_COMBINE };
enum { SCRATCH_BLOCKS, SCRATCH_SORTED, SCRATCH_PARTIAL };

struct windows { struct cut tokens, experts, rows; };

/* One of them: half-open ranges. */
struct window { uint64_t token[2], expert[2], row[2]; };

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t div_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/* The most tiles that so many slots can need: every expert that has any may leave one ragged. */
static uint64_t most_tiles(const struct moe_shape *shape, uint64_t slots, uint64_t tile) {
  uint64_t experts = min_u64(shape->experts, slots);
  return (slots - experts) / tile + experts;
}

/* ---- windows */

static uint64_t most_tokens(const struct moe_shape *shape, const struct geometry *geometry, const struct caps *caps,
                            uint64_t range) {
  uint64_t groups = caps->limits.group_count[1], n_row = shape->n * sizeof(float);
  uint64_t partial = geometry->algorithm == GROUPED ? shape->topk * n_row : 0;
  uint64_t sort = 16 * shape->topk;   /* bytes a token: routing, sorted slots, counts of 256 experts per 128 slots */
  uint64_t row = max_u64(max_u64(shape->x_rows * shape->layout.x_row, shape->y_rows * n_row), max_u64(partial, sort));
  uint64_t fit = min_u64(range / row, groups / shape->y_rows);
  if (geometry->algorithm == DENSE) return min_u64(range / row, groups * geometry->group_m);
  if (geometry->algorithm == GATHER) return fit;
  /* An invocation of scan.comp looks at two experts in every block of slots. */
  uint64_t slots = min_u64((uint64_t)MOST_ITERATIONS / 2 * MOE_SORT_BLOCK,
                           groups > shape->experts ? (groups - shape->experts) * geometry->group_m : 0);
  return min_u64(fit, slots / shape->topk);
}

/* A dense invocation meets every expert of the window: at most 24 iterations for a group of 32, 64 for the mask. */
static uint64_t most_experts(const struct moe_shape *shape, const struct geometry *geometry, uint64_t range) {
  uint64_t fit = range / max_u64(shape->expert_bytes, shape->expert_scale_bytes);
  if (geometry->algorithm == DENSE) fit = min_u64(fit, MOST_ITERATIONS / (24 * shape->layout.groups + 64));
  return fit;
}

/* Rows of w are cut first when windows are asked for: that halves the work whatever the load. */
static bool windows_make(const struct moe_shape *shape, const struct geometry *geometry, const struct caps *caps,
                         uint32_t min_windows, struct windows *out, struct error *err) {
  uint64_t range = caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
  bool whole_experts = range >= max_u64(shape->expert_bytes, shape->expert_scale_bytes);
  uint64_t fit_rows = whole_experts ? shape->n : range / max_u64(shape->layout.w_row, shape->layout.scale_row);
  uint64_t unit_tokens = max_u64(WINDOW_TOKENS, geometry->algorithm == DENSE ? geometry->group_m : 1);
  if (!cut_make(&out->rows, shape->n, max_u64(LAYOUT_WINDOW_ROWS, geometry->group_n),
                min_u64(fit_rows, caps->limits.group_count[0] * geometry->group_n)) ||
      !cut_make(&out->experts, shape->experts, 1, max_u64(1, most_experts(shape, geometry, range))) ||
      !cut_make(&out->tokens, shape->tokens, unit_tokens, most_tokens(shape, geometry, caps, range)))
    return error_set(err, ERROR_UNSUPPORTED,
                     "moe: the smallest window needs more than the %llu bytes a buffer binding may hold",
                     (unsigned long long)range);
  struct cut *cuts[] = {&out->rows, &out->tokens, &out->experts};
  uint64_t parts = out->rows.windows * out->tokens.windows * out->experts.windows;
  for (int i = 0; i < 3 && parts < min_windows; i++) {
    uint64_t others = parts / cuts[i]->windows;
    cut_raise(cuts[i], div_up(min_windows, others));
    parts = others * cuts[i]->windows;
  }
  if (parts < min_windows)
    return error_set(err, ERROR_UNSUPPORTED, "moe: cannot be split into %u parts: %llu is the most", min_windows,
                     (unsigned long long)parts);
  return true;
}

static void range_of(const struct cut *cut, uint64_t i, uint64_t range[2]) {
  range[0] = cut_begin(cut, i);
  range[1] = cut_begin(cut, i + 1);
}

/* ---- passes */

static void bind(struct pass *pass, uint32_t binding, uint32_t tensor, uint64_t offset, uint64_t size) {
  pass->binding[binding].tensor = tensor;
  pass->binding[binding].offset = offset;
  pass->binding[binding].size = size;
  if (pass->n_bindings <= binding) pass->n_bindings = binding + 1;
}

static uint32_t scratch_tensor(const struct moe_shape *shape, uint32_t scratch) {
  return (shape->layout.scale_row ? MOE_SCALES + 1 : MOE_SCALES) + scratch;
}

static uint64_t window_tokens(const struct window *window) { return window->token[1] - window->token[0]; }
static uint64_t window_slots(const struct moe_shape *shape, const struct window *window) {
  return window_tokens(window) * shape->topk;
}
static uint64_t blocks_bytes(const struct moe_shape *shape, uint64_t slots) {
  return div_up(slots, MOE_SORT_BLOCK) * shape->experts * sizeof(uint32_t);
}
static uint64_t sorted_bytes(const struct moe_shape *shape, uint64_t slots) {
  return (MOE_SORTED_SLOTS(shape->experts) + slots) * sizeof(uint32_t);
}
static uint64_t partial_bytes(const struct moe_shape *shape, uint64_t slots) {
  return slots * shape->n * sizeof(float);
}

static void bind_routing(struct pass *pass, const struct moe_shape *shape, const struct window *window,
                         uint32_t binding) {
  uint64_t token_bytes = shape->topk * 2 * sizeof(float);
  bind(pass, binding, MOE_ROUTING, window->token[0] * token_bytes, window_tokens(window) * token_bytes);
}

static void bind_y(struct pass *pass, const struct moe_shape *shape, const struct window *window, uint32_t binding) {
  uint64_t token_bytes = shape->y_rows * shape->n * sizeof(float);
  bind(pass, binding, MOE_Y, window->token[0] * token_bytes, window_tokens(window) * token_bytes);
}

/* Rows first .. last of experts first .. last, whose matrices are `stride` bytes apart. */
static void bind_rows(struct pass *pass, const struct window *window, uint32_t binding, uint32_t tensor,
                      uint64_t stride, uint64_t row_bytes) {
  uint64_t begin = window->expert[0] * stride + window->row[0] * row_bytes;
  uint64_t end = (window->expert[1] - 1) * stride + (window->row[1] * row_bytes + 3) / 4 * 4;
  bind(pass, binding, tensor, begin, end - begin);
}

static struct pass *pass_add(const struct moe_shape *shape, const struct geometry *geometry,
                             const struct window *window, uint32_t shader, uint64_t groups_x, uint64_t groups_y,
                             struct dispatch_plan *out, struct error *err) {
  struct pass *pass = dispatch_plan_add(out, err);
  if (!pass) return NULL;
  struct moe_push push = {
    .tokens = (uint32_t)window_tokens(window), .topk = (uint32_t)shape->topk, .experts = (uint32_t)shape->experts,
    .down = shape->down, .n = (uint32_t)shape->n, .k = (uint32_t)shape->k,
    .first_expert = (uint32_t)window->expert[0], .last_expert = (uint32_t)window->expert[1],
    .first_row = (uint32_t)window->row[0], .last_row = (uint32_t)window->row[1],
    .tile = (uint32_t)geometry->group_m,
  };
  if (shape->layout.scale_row)
    push.scale_stride = (uint32_t)(shape->expert_scale_bytes / (shape->layout.scale_row / shape->layout.groups));
  memcpy(pass->push, &push, sizeof push);
  pass->push_bytes = sizeof push;
  pass->shader = shader;
  pass->groups[0] = (uint32_t)groups_x;
  pass->groups[1] = (uint32_t)groups_y;
  pass->groups[2] = 1;
  return pass;
}

static void set_threads(struct pass *pass, uint32_t threads) {
  pass->spec[MOE_SPEC_THREADS] = threads;
  pass->n_spec = 1;
}

static bool sort_add(const struct moe_shape *shape, const struct geometry *geometry, const struct window *window,
                     struct dispatch_plan *out, struct error *err) {
  uint64_t slots = window_slots(shape, window), blocks = div_up(slots, MOE_SORT_BLOCK);
  for (uint32_t shader = SHADER_COUNT; shader <= SHADER_SCATTER; shader++) {
    struct pass *pass = pass_add(shape, geometry, window, shader, shader == SHADER_SCAN ? 1 : blocks, 1, out, err);
    if (!pass) return false;
    bind_routing(pass, shape, window, MOE_BINDING_ROUTING);
    bind(pass, MOE_BINDING_BLOCKS, scratch_tensor(shape, SCRATCH_BLOCKS), 0, blocks_bytes(shape, slots));
    bind(pass, MOE_BINDING_SORTED, scratch_tensor(shape, SCRATCH_SORTED), 0, sorted_bytes(shape, slots));
    set_threads(pass, MOE_SORT_BLOCK);
  }
  return true;
}

static bool combine_add(const struct moe_shape *shape, const struct geometry *geometry, const struct window *window,
                        struct dispatch_plan *out, struct error *err) {
  uint64_t groups_x = div_up(shape->n, COMBINE_THREADS);
  struct pass *pass = pass_add(shape, geometry, window, SHADER_COMBINE, groups_x, window_tokens(window), out, err);
  if (!pass) return false;
  bind_routing(pass, shape, window, MOE_BINDING_ROUTING);
  bind(pass, MOE_BINDING_PARTIAL, scratch_tensor(shape, SCRATCH_PARTIAL), 0,
       partial_bytes(shape, window_slots(shape, window)));
  bind_y(pass, shape, window, MOE_BINDING_COMBINED);
  set_threads(pass, COMBINE_THREADS);
  return true;
}

static uint64_t multiply_groups_y(const struct moe_shape *shape, const struct geometry *geometry,
                                  const struct window *window) {
  switch (geometry->algorithm) {
    case GATHER: return window_tokens(window) * shape->y_rows;
    case DENSE: return div_up(window_tokens(window), geometry->group_m);
    case GROUPED: break;
  }
  return most_tiles(shape, window_slots(shape, window), geometry->group_m);
}

/* Grouped, the last tile of an expert's slots is on average half empty; a dense kernel takes every token to every
 * expert. */
static double multiply_work(const struct moe_shape *shape, const struct geometry *geometry,
                            const struct window *window) {
  double columns = (double)window_slots(shape, window);
  double share = (double)(window->expert[1] - window->expert[0]) / (double)shape->experts;
  if (geometry->algorithm == GROUPED) columns += moe_active_experts(shape) * (double)(geometry->group_m - 1) / 2;
  if (geometry->algorithm == DENSE)
    columns = (double)(shape->experts * div_up(window_tokens(window), geometry->group_m) * geometry->group_m);
  uint64_t rows = div_up(window->row[1] - window->row[0], geometry->group_n) * geometry->group_n;
  return 2 * share * columns * (double)rows * (double)shape->k;
}

static bool multiply_add(const struct moe_shape *shape, const struct geometry *geometry, const struct window *window,
                         struct dispatch_plan *out, struct error *err) {
  uint64_t groups_x = div_up(window->row[1] - window->row[0], geometry->group_n);
  uint64_t groups_y = multiply_groups_y(shape, geometry, window);
  struct pass *pass = pass_add(shape, geometry, window, SHADER_MULTIPLY, groups_x, groups_y, out, err);
  if (!pass) return false;
  uint64_t slots = window_slots(shape, window), x_token = shape->x_rows * shape->layout.x_row;
  bool grouped = geometry->algorithm == GROUPED;
  bind(pass, MOE_BINDING_X, MOE_X, window->token[0] * x_token, window_tokens(window) * x_token);
  bind_rows(pass, window, MOE_BINDING_W, MOE_W, shape->expert_bytes, shape->layout.w_row);
  if (grouped && shape->down)
    bind(pass, MOE_BINDING_Y, scratch_tensor(shape, SCRATCH_PARTIAL), 0, partial_bytes(shape, slots));
  else bind_y(pass, shape, window, MOE_BINDING_Y);
  if (grouped) bind(pass, MOE_BINDING_ROUTES, scratch_tensor(shape, SCRATCH_SORTED), 0, sorted_bytes(shape, slots));
  else bind_routing(pass, shape, window, MOE_BINDING_ROUTES);
  if (shape->layout.scale_row)
    bind_rows(pass, window, MOE_BINDING_SCALES, MOE_SCALES, shape->expert_scale_bytes, shape->layout.scale_row);
  memcpy(pass->spec, geometry->spec, sizeof pass->spec);
  pass->n_spec = geometry->n_spec;
  pass->work = multiply_work(shape, geometry, window);
  return true;
}

/* ---- the plan */

static void set_scratch(const struct moe_shape *shape, const struct windows *windows, struct dispatch_plan *out) {
  uint64_t tokens = 0;
  for (uint64_t i = 0; i < windows->tokens.windows; i++)
    tokens = max_u64(tokens, cut_begin(&windows->tokens, i + 1) - cut_begin(&windows->tokens, i));
  out->scratch[SCRATCH_BLOCKS] = blocks_bytes(shape, tokens * shape->topk);
  out->scratch[SCRATCH_SORTED] = sorted_bytes(shape, tokens * shape->topk);
  out->scratch[SCRATCH_PARTIAL] = partial_bytes(shape, tokens * shape->topk);
  out->n_scratch = shape->down ? SCRATCH_PARTIAL + 1 : SCRATCH_SORTED + 1;
}

bool moe_plan_windows(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                         const struct geometry *geometry, uint32_t min_windows, struct dispatch_plan *out,
                         struct error *err) {
  struct moe_shape shape = moe_shape_of(kase, technique_of(kase->family, variant));
  bool grouped = geometry->algorithm == GROUPED;
  struct windows windows;
  if (!windows_make(&shape, geometry, caps, min_windows, &windows, err)) return false;
  if (grouped) set_scratch(&shape, &windows, out);
  for (uint64_t t = 0; t < windows.tokens.windows; t++) {
    struct window window = {.expert = {0, shape.experts}, .row = {0, shape.n}};
    range_of(&windows.tokens, t, window.token);
    if (grouped && !sort_add(&shape, geometry, &window, out, err)) return false;
    for (uint64_t e = 0; e < windows.experts.windows; e++)
      for (uint64_t r = 0; r < windows.rows.windows; r++) {
        range_of(&windows.experts, e, window.expert);
        range_of(&windows.rows, r, window.row);
        if (!multiply_add(&shape, geometry, &window, out, err)) return false;
      }
    if (grouped && shape.down && !combine_add(&shape, geometry, &window, out, err)) return false;
  }
  out->windows = (uint32_t)(windows.tokens.windows * windows.experts.windows * windows.rows.windows);
  return true;
}
