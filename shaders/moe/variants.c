/* Experts: the geometry of each variant under its tuning, and what a device must have for it. */
#include "geometry.h"
#include "moe.h"
#include "room.h"

enum { TUNING_THREADS, TUNING_ROWS };     /* gather; the lanes kernels have only the first */
enum { TUNING_TILE_M, TUNING_TILE_N };    /* tiled */
enum { REGISTERS = 4, LANES_COLS = 4 };   /* as the shaders say */

static uint64_t div_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/* ---- tiles */

struct tile { uint64_t m, n; };

static uint64_t tile_threads(struct tile tile) { return tile.m / REGISTERS * (tile.n / REGISTERS); }

/* Rows in shared memory with their padding; dense kernels keep three words more for each row of x. */
static uint64_t tile_bytes(struct tile tile) {
  uint64_t row = (WEIGHTS_GROUP / 4 + 1) * 4 * sizeof(float);
  return (tile.m + tile.n) * row + 3 * tile.m * sizeof(float);
}

static bool tile_fits(struct tile tile, const struct caps *caps) {
  uint64_t threads = tile_threads(tile);
  return tile_bytes(tile) <= caps->limits.shared_memory && threads <= caps->limits.invocations &&
         threads <= caps->limits.group_size[0];
}

/* The tile that the tuning names; where it names no m, the least that holds `rows` rows of x, or the largest that fits:
 * tiles that follow the rows per expert made ggml's grouped product 10 to 12 % faster than tiles that follow the tokens
 * (llama.cpp pull request 29182). */
static struct tile tile_of(uint64_t rows, const struct caps *caps, const int32_t *tuning) {
  struct tile best = {(uint64_t)tuning[TUNING_TILE_M], (uint64_t)tuning[TUNING_TILE_N]};
  if (best.m) return best;
  best.m = 16;
  for (struct tile tile = {32, best.n}; tile.m <= 64 && best.m < rows && tile_fits(tile, caps); tile.m *= 2)
    best = tile;
  return best;
}

/* Rows of x that meet one expert together: all tokens when dense, else the even share of the slots. */
static uint64_t rows_per_expert(const struct kernel_case *kase, enum algorithm algorithm) {
  uint64_t tokens = (uint64_t)kase->dim[MOE_TOKENS];
  if (algorithm == DENSE) return tokens;
  return div_up(tokens * (uint64_t)kase->dim[MOE_TOPK], (uint64_t)kase->dim[MOE_EXPERTS]);
}

/* ---- plans */

static bool plan_lanes(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                       const int32_t *tuning, enum algorithm algorithm, uint64_t cols, uint32_t min_windows,
                       struct dispatch_plan *out, struct error *err) {
  struct geometry geometry = {
    .algorithm = algorithm, .spec = {[MOE_SPEC_THREADS] = (uint32_t)tuning[TUNING_THREADS]}, .n_spec = 1,
    .group_n = (uint64_t)tuning[TUNING_THREADS] * MOE_LANE_ROWS, .group_m = cols,
  };
  return moe_plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}

static bool plan_tiled(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                       const int32_t *tuning, enum algorithm algorithm, uint32_t min_windows, struct dispatch_plan *out,
                       struct error *err) {
  struct tile tile = tile_of(rows_per_expert(kase, algorithm), caps, tuning);
  struct geometry geometry = {
    .algorithm = algorithm,
    .spec = {[MOE_SPEC_THREADS] = (uint32_t)tile_threads(tile),
             [MOE_SPEC_TILE_M] = (uint32_t)tile.m,
             [MOE_SPEC_TILE_N] = (uint32_t)tile.n},
    .n_spec = 3,
    .group_n = tile.n,
    .group_m = tile.m,
  };
  return moe_plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}

bool moe_gather_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                     const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  struct geometry geometry = {
    .algorithm = GATHER,
    .spec = {[MOE_SPEC_THREADS] = (uint32_t)tuning[TUNING_THREADS], [MOE_SPEC_ROWS] = (uint32_t)tuning[TUNING_ROWS]},
    .n_spec = 2,
    .group_n = (uint64_t)tuning[TUNING_ROWS], .group_m = 1,
  };
  return moe_plan_windows(variant, kase, caps, &geometry, min_windows, out, err);
}

bool moe_gather_lanes_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                           const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_lanes(variant, kase, caps, tuning, GATHER, 1, min_windows, out, err);
}

bool moe_grouped_lanes_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                            const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_lanes(variant, kase, caps, tuning, GROUPED, LANES_COLS, min_windows, out, err);
}

bool moe_dense_lanes_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_lanes(variant, kase, caps, tuning, DENSE, LANES_COLS, min_windows, out, err);
}

bool moe_grouped_tiled_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                            const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_tiled(variant, kase, caps, tuning, GROUPED, min_windows, out, err);
}

bool moe_dense_tiled_plan(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *out, struct error *err) {
  return plan_tiled(variant, kase, caps, tuning, DENSE, min_windows, out, err);
}

/* ---- what a device can run */

static const char *threads_valid(const struct caps *caps, uint64_t threads) {
  return threads > caps->limits.invocations || threads > caps->limits.group_size[0]
           ? "the workgroup is larger than the device allows" : NULL;
}

/* scan.comp keeps a sum per expert. */
static const char *sort_valid(const struct caps *caps) {
  if (MOE_MAX_EXPERTS * sizeof(uint32_t) > caps->limits.shared_memory)
    return "the sort needs more shared memory than the device has";
  return threads_valid(caps, MOE_SORT_BLOCK);
}

const char *moe_lanes_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  return threads_valid(caps, (uint64_t)tuning[TUNING_THREADS]);
}

const char *moe_grouped_lanes_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  const char *reason = sort_valid(caps);
  return reason ? reason : moe_lanes_valid(kase, caps, tuning);
}

static const char *gather_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning,
                                uint64_t slots) {
  uint64_t threads = (uint64_t)tuning[TUNING_THREADS], rows = (uint64_t)tuning[TUNING_ROWS];
  uint64_t chunks = div_up((uint64_t)kase->dim[MOE_K], 4);   /* of f32, the most */
  if ((uint64_t)kase->dim[MOE_TOPK] * div_up(chunks, threads) * (rows + 1) > MOST_ITERATIONS)
    return "k is too long for so few invocations: a loop may be left before its end";
  if (slots * rows * sizeof(float) > caps->limits.shared_memory)
    return "the reduction needs more shared memory than the device has";
  return threads_valid(caps, threads);
}

const char *moe_gather_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return gather_valid(kase, caps, tuning, (uint64_t)tuning[TUNING_THREADS]);
}

const char *moe_gather_sg_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return gather_valid(kase, caps, tuning, div_up((uint64_t)tuning[TUNING_THREADS], 4));
}

static const char *tiled_valid(const struct kernel_case *kase, enum algorithm algorithm, const struct caps *caps,
                               const int32_t *tuning) {
  struct tile tile = tile_of(rows_per_expert(kase, algorithm), caps, tuning);
  if (tile_bytes(tile) > caps->limits.shared_memory) return "the tiles need more shared memory than the device has";
  return threads_valid(caps, tile_threads(tile));
}

const char *moe_dense_tiled_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  return tiled_valid(kase, DENSE, caps, tuning);
}

const char *moe_grouped_tiled_valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  const char *reason = sort_valid(caps);
  return reason ? reason : tiled_valid(kase, GROUPED, caps, tuning);
}
