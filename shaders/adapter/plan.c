/* case + device + tuning -> dispatches. The rows of x are cut into windows; for each: [group,] shrink, and then, over
 * windows of the rows of W, what finishes: expand, or a base kernel with the expand in its epilogue. Where the passes
 * are separate, matmul's own plan of the base comes before all that. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "adapter_shape.h"

enum { TUNING_THREADS, TUNING_ROWS };                      /* gemv; rows has only the first */
enum { TUNING_TILE_M, TUNING_TILE_N, TUNING_REGISTERS };   /* tiled */
enum {
  THREADS = 64,           /* of group, shrink and expand: as the default of matmul's gemv */
  WINDOW_M = 4,           /* windows begin at multiples of so many rows of x, */
  WINDOW_N = 8,           /* and of W: then ids and scales of weights begin at multiples of 16 bytes */
  GROUPED_ROWS = 16384,   /* of a window that group.comp walks: 4 adapters of an invocation, twice, 4 rows a step, stay
                             below the 65,535 iterations of a loop that one driver knows */
};

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t divide_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static uint64_t storage_limit(const struct caps *caps) {
  return caps->limits.storage_range > 2 * KERNEL_GUARD ? caps->limits.storage_range - 2 * KERNEL_GUARD : 0;
}

/* ---- what is valid: what matmul's variant of that name is valid for, whatever its format, with adapters that one
 * binding can hold */

static const struct variant *base_variant(const struct technique *format, const char *kind) {
  char id[64];
  snprintf(id, sizeof id, "%s.%s", format->id, kind);
  const struct variant *variant = variant_find(id);
  assert(variant);
  return variant;
}

static const char *valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning,
                         const char *kind) {
  struct adapter_shape shape;
  struct error ignored = {0};
  if (!adapter_shape_of(kase, "adapter.separate_f16", &shape, &ignored)) return "the base makes no sense";
  if (most(shape.tensors.tensor[shape.a].bytes, shape.tensors.tensor[shape.b].bytes) > storage_limit(caps))
    return "the adapters of the batch exceed the device's maxStorageBufferRange";
  return base_variant(shape.format, kind)->valid(&shape.base, caps, tuning);
}

const char *adapter_gemv_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return valid(kase, caps, tuning, "gemv");
}

const char *adapter_gemv_sg_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return valid(kase, caps, tuning, "gemv_sg");
}

const char *adapter_rows_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return valid(kase, caps, tuning, "rows");
}

const char *adapter_tiled_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return valid(kase, caps, tuning, "tiled");
}

/* ---- a plan in the making */

/* The pass that finishes: what one of its workgroups covers, and with what. */
struct finish {
  bool fused;             /* a base kernel; else expand */
  uint32_t shader;        /* counted from the first that finishes */
  uint32_t spec[KERNEL_SPEC], n_spec;
  uint64_t group_n;       /* rows of W */
  uint64_t group_m;       /* rows of x, where they are not grouped */
};

struct run {
  const struct adapter_shape *shape;
  const struct caps *caps;
  struct finish finish;
  uint32_t shader;        /* the first of ours among the variant's shaders */
  uint64_t tile;          /* rows of a segment at most; 0: rows are not grouped */
  uint64_t splits;
  struct dispatch_plan *out;
  struct error *err;
};

struct window { uint64_t m0, m1, n0, n1; };

enum { SCRATCH_V, SCRATCH_SEGMENTS };

static uint64_t v_row(const struct run *run) { return run->splits * run->shape->v_row; }

/* At most: a row each; or all the full ones that there may be, and for each adapter one that is not. */
static uint64_t segments(const struct run *run, uint64_t rows) {
  return run->tile ? least(rows, rows / run->tile + run->shape->adapters) : rows;
}

/* Bytes of the list of segments (four words each) and the order of the rows. */
static uint64_t segment_bytes(const struct run *run, uint64_t rows) {
  return 16 * segments(run, rows) + 16 * divide_up(rows, 4);
}

static void bind(struct pass *pass, size_t tensor, uint64_t offset, uint64_t size) {
  pass->binding[pass->n_bindings].tensor = (uint32_t)tensor;
  pass->binding[pass->n_bindings].offset = offset;
  pass->binding[pass->n_bindings].size = size;
  pass->n_bindings++;
}

static void bind_rows(struct pass *pass, size_t tensor, uint64_t row, uint64_t begin, uint64_t end) {
  bind(pass, tensor, begin * row, (end - begin) * row);
}

static void bind_all(struct pass *pass, const struct run *run, size_t tensor) {
  bind(pass, tensor, 0, run->shape->tensors.tensor[tensor].bytes);
}

static void bind_v(struct pass *pass, const struct run *run, const struct window *at) {
  bind_rows(pass, run->shape->tensors.n + SCRATCH_V, v_row(run), 0, at->m1 - at->m0);
}

static void bind_ids(struct pass *pass, const struct run *run, const struct window *at) {
  bind(pass, run->shape->ids, at->m0 * sizeof(uint32_t), 16 * divide_up(at->m1 - at->m0, 4));
}

/* What tells a workgroup its rows. */
static void bind_segments(struct pass *pass, const struct run *run, const struct window *at) {
  if (run->tile) bind(pass, run->shape->tensors.n + SCRATCH_SEGMENTS, 0, segment_bytes(run, at->m1 - at->m0));
  else bind_ids(pass, run, at);
}

static struct pass *add_pass(const struct run *run, uint32_t shader, uint32_t threads) {
  struct pass *pass = dispatch_plan_add(run->out, run->err);
  if (!pass) return NULL;
  pass->shader = run->shader + shader;
  pass->spec[0] = threads;
  pass->n_spec = 1;
  return pass;
}

/* When everything is bound. */
static void set_rest(struct pass *pass, const struct run *run, const struct window *at, uint64_t x, uint64_t y,
                     uint64_t z) {
  const struct adapter_shape *shape = run->shape;
  struct adapter_params params = {
    .m = (uint32_t)(at->m1 - at->m0),
    .n = (uint32_t)(at->n1 - at->n0),
    .k = (uint32_t)shape->k,
    .rank = (uint32_t)shape->rank,
    .adapters = (uint32_t)shape->adapters,
    .column = (uint32_t)at->n0,
    .stride = (uint32_t)shape->n,
    .splits = (uint32_t)run->splits,
    .part = (uint32_t)divide_up(shape->a_row / 16, run->splits),
    .tile = (uint32_t)run->tile,
    .segments = (uint32_t)segments(run, at->m1 - at->m0),
  };
  size_t base_bytes = pass->n_bindings * sizeof(uint32_t);
  memcpy(pass->push + base_bytes, &params, sizeof params);
  pass->push_bytes = (uint32_t)(base_bytes + sizeof params);
  pass->groups[0] = (uint32_t)x;
  pass->groups[1] = (uint32_t)y;
  pass->groups[2] = (uint32_t)z;
}

static bool add_group(const struct run *run, const struct window *at) {
  struct pass *pass = add_pass(run, 0, THREADS);
  if (!pass) return false;
  bind_ids(pass, run, at);
  bind_segments(pass, run, at);
  set_rest(pass, run, at, 1, 1, 1);
  return true;
}

/* Blocks of rows in a segment; a workgroup of shrink or expand takes one. */
static uint64_t blocks(const struct run *run) { return run->tile ? divide_up(run->tile, ADAPTER_COLS) : 1; }

static bool add_shrink(const struct run *run, const struct window *at) {
  const struct adapter_shape *shape = run->shape;
  struct pass *pass = add_pass(run, run->tile != 0, THREADS);
  if (!pass) return false;
  bind_rows(pass, TENSOR_X, shape->x_row, at->m0, at->m1);
  bind_all(pass, run, shape->a);
  bind_v(pass, run, at);
  bind_all(pass, run, shape->scale);
  bind_segments(pass, run, at);
  set_rest(pass, run, at, shape->v_row / sizeof(float) / ADAPTER_SHRINK_ROWS, run->splits * blocks(run),
           segments(run, at->m1 - at->m0));
  return true;
}

static bool add_expand(const struct run *run, const struct window *at) {
  const struct adapter_shape *shape = run->shape;
  struct pass *pass = add_pass(run, (run->tile != 0) + 1, THREADS);
  if (!pass) return false;
  bind_v(pass, run, at);
  bind_all(pass, run, shape->b);
  bind_rows(pass, TENSOR_Y, shape->n * sizeof(float), at->m0, at->m1);
  bind_segments(pass, run, at);
  set_rest(pass, run, at, divide_up(at->n1 - at->n0, THREADS), blocks(run), segments(run, at->m1 - at->m0));
  return true;
}

static bool add_fused(const struct run *run, const struct window *at) {
  const struct adapter_shape *shape = run->shape;
  struct pass *pass = add_pass(run, (run->tile != 0) + 1 + run->finish.shader, run->finish.spec[0]);
  if (!pass) return false;
  memcpy(pass->spec, run->finish.spec, sizeof pass->spec);
  pass->n_spec = run->finish.n_spec;
  bind_rows(pass, TENSOR_X, shape->x_row, at->m0, at->m1);
  bind_rows(pass, TENSOR_W, shape->w_row, at->n0, at->n1);
  bind_rows(pass, TENSOR_Y, shape->n * sizeof(float), at->m0, at->m1);
  bind_v(pass, run, at);
  bind_all(pass, run, shape->b);
  bind_segments(pass, run, at);
  if (shape->w_scale_row) {
    uint64_t offset = at->n0 * shape->w_scale_row;
    bind(pass, TENSOR_W_SCALES, offset, divide_up((at->n1 - at->n0) * shape->w_scale_row, 4) * 4);
  }
  if (shape->factor) bind_all(pass, run, shape->factor);
  set_rest(pass, run, at, divide_up(at->n1 - at->n0, run->finish.group_n),
           run->tile ? segments(run, at->m1 - at->m0) : divide_up(at->m1 - at->m0, run->finish.group_m), 1);
  return true;
}

/* ---- windows */

/* `size` rows in `windows` nearly equal runs of whole units: where run i begins. */
struct cut { uint64_t size, unit, windows; };

static uint64_t cut_begin(const struct cut *cut, uint64_t i) {
  return least(divide_up(cut->size, cut->unit) * i / cut->windows * cut->unit, cut->size);
}

/* Windows of at most `fits` rows, and `wanted` of them if there are so many units; false when not one unit fits. */
static bool cut_make(struct cut *cut, uint64_t size, uint64_t unit, uint64_t fits, uint64_t wanted) {
  uint64_t units = divide_up(size, unit);
  if (fits >= size) fits = units * unit;   /* all of it fits, though its last unit is not whole */
  if (fits < unit) return false;
  *cut = (struct cut){size, unit, least(units, most(wanted, divide_up(units, fits / unit)))};
  return true;
}

/* A workgroup in y or z takes a row of x or a segment. */
static uint64_t rows_fit(const struct run *run) {
  const struct adapter_shape *shape = run->shape;
  uint64_t row = most(most(shape->x_row, shape->n * sizeof(float)), most(v_row(run), segment_bytes(run, 1)));
  uint64_t groups = least(run->caps->limits.group_count[1], run->caps->limits.group_count[2]);
  uint64_t fits = least(storage_limit(run->caps) / row, groups);
  return run->tile ? least(fits, GROUPED_ROWS) : fits;
}

static uint64_t columns_fit(const struct run *run) {
  const struct adapter_shape *shape = run->shape;
  uint64_t fits = run->caps->limits.group_count[0] * run->finish.group_n;
  return run->finish.fused ? least(fits, storage_limit(run->caps) / most(shape->w_row, shape->w_scale_row)) : fits;
}

static bool cuts_make(const struct run *run, uint32_t min_windows, struct cut *over_m, struct cut *over_n) {
  const struct adapter_shape *shape = run->shape;
  uint64_t unit_m = most(WINDOW_M, run->finish.group_m), unit_n = most(WINDOW_N, run->finish.group_n);
  if (!cut_make(over_m, shape->m, unit_m, rows_fit(run), 1) || !cut_make(over_n, shape->n, unit_n, columns_fit(run), 1))
    return error_set(run->err, ERROR_UNSUPPORTED,
                     "adapter: a few rows need more than the %llu bytes a buffer binding may hold; a smaller case runs",
                     (unsigned long long)storage_limit(run->caps));
  cut_make(over_n, shape->n, unit_n, columns_fit(run), divide_up(min_windows, over_m->windows));
  cut_make(over_m, shape->m, unit_m, rows_fit(run), divide_up(min_windows, over_n->windows));
  return true;
}

static void scratch_reserve(const struct run *run, uint64_t rows) {
  uint64_t *scratch = run->out->scratch;
  run->out->n_scratch = run->tile ? 2 : 1;
  scratch[SCRATCH_V] = most(scratch[SCRATCH_V], rows * v_row(run));
  if (run->tile) scratch[SCRATCH_SEGMENTS] = most(scratch[SCRATCH_SEGMENTS], segment_bytes(run, rows));
}

/* All of our passes; `parts`: into how many the finishing pass was cut. */
static bool plan_windows(struct run *run, uint32_t min_windows, uint32_t *parts) {
  struct cut over_m = {0}, over_n = {0};
  if (!cuts_make(run, min_windows, &over_m, &over_n)) return false;
  *parts = (uint32_t)(over_m.windows * over_n.windows);
  for (uint64_t i = 0; i < over_m.windows; i++) {
    struct window at = {cut_begin(&over_m, i), cut_begin(&over_m, i + 1), 0, run->shape->n};
    scratch_reserve(run, at.m1 - at.m0);
    if (run->tile && !add_group(run, &at)) return false;
    if (!add_shrink(run, &at)) return false;
    for (uint64_t j = 0; j < over_n.windows; j++) {
      at.n0 = cut_begin(&over_n, j);
      at.n1 = cut_begin(&over_n, j + 1);
      if (!(run->finish.fused ? add_fused : add_expand)(run, &at)) return false;
    }
  }
  return true;
}

/* ---- variants */

/* As many as leave every invocation four loads of A, so that its reduction is not most of its work; 8 is what Punica
 * takes. Not yet measured on a GPU, which is what the parts are for. */
static uint64_t default_splits(const struct adapter_shape *shape) {
  return least(8, most(1, shape->a_row / 16 / (4 * THREADS)));
}

static uint64_t splits_of(const struct variant *variant, const struct adapter_shape *shape, const int32_t *tuning) {
  int32_t wanted = tuning[variant->n_tunables - 1];
  return least(wanted ? (uint64_t)wanted : default_splits(shape), shape->a_row / 16);
}

static bool plan_separate(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint64_t tile, uint32_t min_windows, struct dispatch_plan *out,
                          struct error *err) {
  struct adapter_shape shape;
  if (!adapter_shape_of(kase, variant->technique, &shape, err)) return false;
  const struct variant *base = base_variant(shape.format, strrchr(variant->id, '.') + 1);
  if (!base->plan(base, &shape.base, caps, tuning, min_windows, out, err)) return false;
  struct run run = {
    .shape = &shape, .caps = caps, .tile = tile, .splits = splits_of(variant, &shape, tuning), .out = out, .err = err,
    .finish = {.group_n = THREADS, .group_m = 1},
  };
  while (run.shader < KERNEL_SHADERS && base->shaders[run.shader]) run.shader++;
  uint32_t parts;   /* not asked for: the windows of the plan are those of the base, which takes the time */
  return plan_windows(&run, min_windows, &parts);
}

bool adapter_separate_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                           const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_separate(variant, kase, caps, tuning, 0, min_windows, out, err);
}

bool adapter_grouped_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_separate(variant, kase, caps, tuning, ADAPTER_COLS, min_windows, out, err);
}

static bool plan_fused(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                       const int32_t *tuning, struct finish finish, uint64_t tile, uint32_t min_windows,
                       struct dispatch_plan *out, struct error *err) {
  struct adapter_shape shape;
  if (!adapter_shape_of(kase, variant->technique, &shape, err)) return false;
  finish.fused = true;
  struct run run = {.shape = &shape, .caps = caps, .finish = finish, .tile = tile,
                    .splits = splits_of(variant, &shape, tuning), .out = out, .err = err};
  if (!plan_windows(&run, min_windows, &out->windows)) return false;
  if (out->windows >= min_windows) return true;
  return error_set(err, ERROR_UNSUPPORTED, "adapter: cannot be split into %u parts: %u is the most", min_windows,
                   out->windows);
}

bool adapter_gemv_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                       const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct finish finish = {
    .spec = {(uint32_t)tuning[TUNING_THREADS],
             [ADAPTER_SPEC_ROWS] = (uint32_t)tuning[TUNING_ROWS],
             [ADAPTER_SPEC_COLS] = (uint32_t)kase->dim[DIM_M]},
    .n_spec = 3,
    .group_n = (uint64_t)tuning[TUNING_ROWS],
    .group_m = (uint64_t)kase->dim[DIM_M],
  };
  return plan_fused(variant, kase, caps, tuning, finish, 0, min_windows, out, err);
}

bool adapter_rows_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                       const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  uint32_t shader = kase->dim[DIM_M] > 1;   /* builds for one row of x and for four */
  struct finish finish = {
    .shader = shader,
    .spec = {(uint32_t)tuning[TUNING_THREADS]},
    .n_spec = 1,
    .group_n = (uint64_t)tuning[TUNING_THREADS] * ADAPTER_LANE_ROWS,
    .group_m = shader ? 4 : 1,
  };
  return plan_fused(variant, kase, caps, tuning, finish, 0, min_windows, out, err);
}

bool adapter_tiled_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                        const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  uint32_t tile_m = (uint32_t)tuning[TUNING_TILE_M], tile_n = (uint32_t)tuning[TUNING_TILE_N];
  uint32_t registers = (uint32_t)tuning[TUNING_REGISTERS];
  struct finish finish = {
    .shader = registers == 8,   /* builds for 4 and 8 */
    .spec = {tile_m / registers * (tile_n / registers), [ADAPTER_SPEC_TILE_M] = tile_m, [ADAPTER_SPEC_TILE_N] = tile_n},
    .n_spec = 3,
    .group_n = tile_n,
  };
  return plan_fused(variant, kase, caps, tuning, finish, tile_m, min_windows, out, err);
}
