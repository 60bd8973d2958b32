/* case + device + tuning -> dispatches. The op is cut into windows: first over the rows of w (columns of y), then
 * over the rows of x. A window binds its own rows of w, scales and x, and whole rows of y. */
#include <string.h>

#include "cut.h"
#include "layout.h"
#include "matmul.h"
#include "room.h"

enum { DIM_M, DIM_N, DIM_K };
enum { TUNING_THREADS, TUNING_ROWS };                        /* gemv; rows has only the first */
enum { TUNING_TILE_M, TUNING_TILE_N, TUNING_REGISTERS };     /* tiled */
enum { TUNING_SUBGROUPS, TUNING_FRAGMENTS_M, TUNING_FRAGMENTS_N, TUNING_K_STEP };   /* coopmat */
enum { GEMV_MAX_M = 8, WINDOW_COLS = 4 };                    /* 4 rows of y or x are a multiple of 16 bytes */
enum { TILED_MIN_M = 4 };   /* the smallest tile has 16 rows: below, over 3/4 of its products are of padding */

/* What one workgroup covers, and with what. */
struct geometry {
  uint32_t shader, spec[KERNEL_SPEC], n_spec;
  uint64_t group_n, group_m;   /* rows of w and of x per workgroup; powers of two */
  uint64_t columns;            /* rows of x that a workgroup multiplies, whether there are so many or not */
};

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t div_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static bool windows_make(const struct kernel_case *kase, const struct caps *caps, const struct layout *layout,
                         const struct geometry *geometry, uint32_t min_windows, struct cut *over_n, struct cut *over_m,
                         struct error *err) {
  uint64_t range = caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
  uint64_t y_row = (uint64_t)kase->dim[DIM_N] * sizeof(float);
  uint64_t most_n =
      min_u64(range / max_u64(layout->w_row, layout->scale_row), caps->limits.group_count[0] * geometry->group_n);
  uint64_t most_m = min_u64(range / max_u64(layout->x_row, y_row), caps->limits.group_count[1] * geometry->group_m);
  uint64_t n = (uint64_t)kase->dim[DIM_N], m = (uint64_t)kase->dim[DIM_M];
  /* Windows of whole workgroups where the limits leave room for one. */
  uint64_t unit_n = max_u64(LAYOUT_WINDOW_ROWS, most_n < geometry->group_n ? 1 : geometry->group_n);
  uint64_t unit_m = max_u64(WINDOW_COLS, most_m < geometry->group_m && m > GEMV_MAX_M ? 1 : geometry->group_m);
  if (!cut_make(over_n, n, unit_n, most_n) || !cut_make(over_m, m, unit_m, most_m))
    return error_set(err, ERROR_UNSUPPORTED,
                     "a window of %llu rows needs more than the %llu bytes a buffer binding may hold",
                     (unsigned long long)unit_n, (unsigned long long)range);
  cut_raise(over_n, div_up(min_windows, over_m->windows));
  cut_raise(over_m, div_up(min_windows, over_n->windows));
  if (over_n->windows * over_m->windows < min_windows)
    return error_set(err, ERROR_UNSUPPORTED, "cannot be split into %u parts: %llu is the most", min_windows,
                     (unsigned long long)(over_n->windows * over_m->windows));
  return true;
}

static void bind(struct pass *pass, uint32_t binding, uint32_t tensor, uint64_t offset, uint64_t size) {
  pass->binding[binding].tensor = tensor;
  pass->binding[binding].offset = offset;
  pass->binding[binding].size = size;
}

static bool window_add(const struct kernel_case *kase, const struct layout *layout, const struct geometry *geometry,
                       uint64_t n0, uint64_t n1, uint64_t m0, uint64_t m1, struct dispatch_plan *out,
                       struct error *err) {
  struct pass *pass = dispatch_plan_add(out, err);
  if (!pass) return false;
  uint64_t n = (uint64_t)kase->dim[DIM_N], y_row = n * sizeof(float);
  pass->shader = geometry->shader;
  memcpy(pass->spec, geometry->spec, sizeof pass->spec);
  pass->n_spec = geometry->n_spec;
  bind(pass, MATMUL_BINDING_X, MATMUL_X, m0 * layout->x_row, (m1 - m0) * layout->x_row);
  bind(pass, MATMUL_BINDING_W, MATMUL_W, n0 * layout->w_row, (n1 - n0) * layout->w_row);
  bind(pass, MATMUL_BINDING_Y, MATMUL_Y, m0 * y_row, (m1 - m0) * y_row);
  pass->n_bindings = 3;
  if (layout->scale_row) {
    uint64_t offset = layout_scale_bytes(layout, n0);
    bind(pass, MATMUL_BINDING_SCALES, MATMUL_SCALES, offset, layout_scale_bytes(layout, n1) - offset);
    pass->n_bindings = MATMUL_BINDINGS;
  }
  struct matmul_push push = {
    .m = (uint32_t)(m1 - m0), .n = (uint32_t)(n1 - n0), .k = (uint32_t)kase->dim[DIM_K],
    .column = (uint32_t)n0, .stride = (uint32_t)n,
  };
  memcpy(pass->push, &push, sizeof push);
  pass->push_bytes = sizeof push;
  pass->groups[0] = (uint32_t)div_up(n1 - n0, geometry->group_n);
  pass->groups[1] = (uint32_t)div_up(m1 - m0, geometry->group_m);
  pass->groups[2] = 1;
  pass->work = 2.0 * (double)(pass->groups[0] * geometry->group_n) * (double)(pass->groups[1] * geometry->columns) *
               (double)kase->dim[DIM_K];
  return true;
}

static bool plan_windows(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                         const struct geometry *geometry, uint32_t min_windows, struct dispatch_plan *out,
                         struct error *err) {
  struct layout layout = layout_of(layout_format(technique_of(kase->family, variant)), (uint64_t)kase->dim[DIM_K]);
  struct cut over_n = {0}, over_m = {0};
  if (!windows_make(kase, caps, &layout, geometry, min_windows, &over_n, &over_m, err)) return false;
  for (uint64_t i = 0; i < over_m.windows; i++)
    for (uint64_t j = 0; j < over_n.windows; j++)
      if (!window_add(kase, &layout, geometry, cut_begin(&over_n, j), cut_begin(&over_n, j + 1),
                      cut_begin(&over_m, i), cut_begin(&over_m, i + 1), out, err))
        return false;
  out->windows = (uint32_t)out->n;
  return true;
}

static const char *threads_valid(const struct caps *caps, uint64_t threads) {
  return threads > caps->limits.invocations || threads > caps->limits.group_size[0]
           ? "the workgroup is larger than the device allows" : NULL;
}

static const char *gemv_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning,
                              uint64_t slots) {
  if (kase->dim[DIM_M] > GEMV_MAX_M) return "keeps every row of x in registers: m is 8 at most";
  if (slots * (uint64_t)tuning[TUNING_ROWS] * (uint64_t)kase->dim[DIM_M] * sizeof(float) > caps->limits.shared_memory)
    return "the reduction needs more shared memory than the device has";
  return threads_valid(caps, (uint64_t)tuning[TUNING_THREADS]);
}

const char *plan_gemv_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return gemv_valid(kase, caps, tuning, (uint64_t)tuning[TUNING_THREADS]);
}

const char *plan_gemv_sg_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return gemv_valid(kase, caps, tuning, div_up((uint64_t)tuning[TUNING_THREADS], 4));
}

const char *plan_rows_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  return threads_valid(caps, (uint64_t)tuning[TUNING_THREADS]);
}

static uint64_t tiled_threads(const int32_t *tuning) {
  return (uint64_t)(tuning[TUNING_TILE_M] / tuning[TUNING_REGISTERS]) *
         (uint64_t)(tuning[TUNING_TILE_N] / tuning[TUNING_REGISTERS]);
}

const char *plan_tiled_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  if (kase->dim[DIM_M] < TILED_MIN_M) return "fewer than 4 rows of x leave most of a tile empty";
  uint64_t row = (WEIGHTS_GROUP / 4 + 1) * 4 * sizeof(float); /* one row of a tile in shared memory, padding included */
  if (tuning[TUNING_TILE_M] < tuning[TUNING_REGISTERS] || tuning[TUNING_TILE_N] < tuning[TUNING_REGISTERS])
    return "the tile is smaller than what one invocation holds";
  if (((uint64_t)tuning[TUNING_TILE_M] + (uint64_t)tuning[TUNING_TILE_N]) * row > caps->limits.shared_memory)
    return "the tiles need more shared memory than the device has";
  return threads_valid(caps, tiled_threads(tuning));
}

/* What a workgroup of coopmat.comp is made of, from the fragment that the device multiplies. */
struct coopmat_block {
  const struct coopmat *side;
  uint32_t tiles_m, tiles_n;   /* one tile a subgroup */
  uint64_t m, n;               /* rows of x and of w */
  uint64_t threads, shared_bytes;
};

static bool coopmat_block(const struct caps *caps, const int32_t *tuning, struct coopmat_block *block) {
  block->side = caps_coopmat(caps, COMPONENT_F16, COMPONENT_F32);
  if (!block->side) return false;
  uint32_t tiles = (uint32_t)tuning[TUNING_SUBGROUPS];
  block->tiles_m = tiles < 4 ? 1 : 2;
  block->tiles_n = tiles / block->tiles_m;
  block->m = (uint64_t)block->tiles_m * (uint64_t)tuning[TUNING_FRAGMENTS_M] * block->side->m;
  block->n = (uint64_t)block->tiles_n * (uint64_t)tuning[TUNING_FRAGMENTS_N] * block->side->n;
  block->threads = (uint64_t)tiles * caps->subgroup.size;
  uint64_t row = (uint64_t)tuning[TUNING_K_STEP] * 2 + 16;   /* halves, and the padding */
  block->shared_bytes =
      (block->m + block->n) * row + (uint64_t)tiles * block->side->m * block->side->n * sizeof(float);
  return true;
}

static bool power_of_two(uint64_t x) { return x && !(x & (x - 1)); }

const char *plan_coopmat_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  struct coopmat_block block;
  if (!coopmat_block(caps, tuning, &block)) return "the device has no cooperative matrix of f16 that sums in f32";
  const struct coopmat *side = block.side;
  if (!power_of_two(side->m) || !power_of_two(side->n) || side->n < 4 || side->k % 8 || WEIGHTS_GROUP % side->k)
    return "the device's cooperative matrix has sides that do not divide a tile";
  if (kase->dim[DIM_M] <= GEMV_MAX_M) return "fewer than 9 rows of x leave most of a fragment empty";
  if (block.shared_bytes > caps->limits.shared_memory) return "the tiles need more shared memory than the device has";
  return threads_valid(caps, block.threads);
}

bool plan_coopmat(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                  const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct coopmat_block block;
  if (!coopmat_block(caps, tuning, &block))
    return error_set(err, ERROR_UNSUPPORTED, "the device has no cooperative matrix of f16 that sums in f32");
  struct geometry geometry = {
    .spec = {[MATMUL_SPEC_THREADS] = (uint32_t)block.threads,
             [MATMUL_SPEC_SIDE_M] = block.side->m,
             [MATMUL_SPEC_SIDE_N] = block.side->n,
             [MATMUL_SPEC_SIDE_K] = block.side->k,
             [MATMUL_SPEC_TILES_M] = block.tiles_m,
             [MATMUL_SPEC_TILES_N] = block.tiles_n,
             [MATMUL_SPEC_FRAGMENTS_M] = (uint32_t)tuning[TUNING_FRAGMENTS_M],
             [MATMUL_SPEC_FRAGMENTS_N] = (uint32_t)tuning[TUNING_FRAGMENTS_N],
             [MATMUL_SPEC_GROUPS_K] = (uint32_t)tuning[TUNING_K_STEP] / WEIGHTS_GROUP},
    .n_spec = 9,
    .group_n = block.n,
    .group_m = block.m,
    .columns = block.m,
  };
  return plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}

bool plan_gemv(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
               const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct geometry geometry = {
    .spec = {[MATMUL_SPEC_THREADS] = (uint32_t)tuning[TUNING_THREADS],
             [MATMUL_SPEC_ROWS] = (uint32_t)tuning[TUNING_ROWS],
             [MATMUL_SPEC_COLS] = (uint32_t)kase->dim[DIM_M]},
    .n_spec = 3,
    .group_n = (uint64_t)tuning[TUNING_ROWS],
    .group_m = GEMV_MAX_M,
    .columns = (uint64_t)kase->dim[DIM_M],
  };
  return plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}

bool plan_rows(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
               const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  static const uint64_t cols[] = {1, 4};   /* of the builds, in the order of variant->shaders */
  uint32_t shader = kase->dim[DIM_M] > 1;
  struct geometry geometry = {
    .shader = shader,
    .spec = {[MATMUL_SPEC_THREADS] = (uint32_t)tuning[TUNING_THREADS]},
    .n_spec = 1,
    .group_n = (uint64_t)tuning[TUNING_THREADS] * MATMUL_LANE_ROWS,
    .group_m = cols[shader],
    .columns = cols[shader],
  };
  return plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}

bool plan_tiled(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct geometry geometry = {
    .shader = tuning[TUNING_REGISTERS] == 8,   /* builds for 4 and 8, in the order of variant->shaders */
    .spec = {[MATMUL_SPEC_THREADS] = (uint32_t)tiled_threads(tuning),
             [MATMUL_SPEC_TILE_M] = (uint32_t)tuning[TUNING_TILE_M],
             [MATMUL_SPEC_TILE_N] = (uint32_t)tuning[TUNING_TILE_N]},
    .n_spec = 3,
    .group_n = (uint64_t)tuning[TUNING_TILE_N],
    .group_m = (uint64_t)tuning[TUNING_TILE_M],
    .columns = (uint64_t)tuning[TUNING_TILE_M],
  };
  return plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}
