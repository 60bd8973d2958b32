/* moe: the matrices of the experts times the tokens that were routed to them; x and y in f32, w in one of five
 * formats.
 *
 * An expert layer is two of these ops (three with a gate): `down` = 0 takes a row of x per token and gives a row per
 * slot (token and expert), `down` = 1 takes a row per slot and gives their weighted sum per token. The router's output
 * is an input, its load an axis: uniform, Zipf, all tokens to the same experts, half of the experts without any.
 *
 * The techniques differ in who finds whom:
 *   grouped  sorts the slots by expert on the device (three small passes, stable, no order left to atomics) and
 *            multiplies tile by tile; each op is measured with its own sort, though a layer needs only one. How many
 *            tiles there are depends on the data: the host dispatches the most there can be, (slots - m) / tile + m
 *            with m = min(experts, slots); a surplus workgroup leaves after one read, one of another window's experts
 *            after a binary search in at most 257 prefix sums. Indirect dispatch would spare them.
 *   gather   goes slot by slot with the matrix the slot names: the decode path, which needs no sort; with many tokens
 *            the baseline that reads an expert's weights once per slot.
 *   dense    multiplies every token by every expert and masks: the baseline without any indirection.
 * On lavapipe of Mesa 22.3 (2 busy cores; 16 experts, top 4, n = k = 512, int4_g32, the faster variant of each): one
 * token 2.4 ms grouped, 1.0 gathered, 9.8 dense; 64 tokens 32, 74 and 184 ms.
 * Losers that are not here: ballots over the whole list of ids in every workgroup (experts x slots reads), sorting by
 * atomics (another order in every run), copying the chosen matrices together first (gather, and the copy). */
#include <math.h>

#include "moe.h"
#include "room.h"

#define GROUPED(format, bytes)                                                                                        \
  {"moe.grouped_" format, "experts grouped, weights " format,                                                         \
   "Slots are sorted by expert; tiles of one expert's slots meet its matrix; the router's weights enter when a "      \
   "token's slots are summed.",                                                                                       \
   "Gale et al. 2022, MegaBlocks, arXiv 2211.15841; Knuth, TAOCP 3, 5.2 (counting sort)",                             \
   "prefill and batches: an expert's weights are read once per tile",                                                 \
   bytes " per weight of every expert; scratch: for `down` topk rows of y per token; three or four small passes"}
#define GATHER(format, bytes)                                                                                         \
  {"moe.gather_" format, "experts slot by slot, weights " format,                                                     \
   "Each slot's row of x meets the matrix that the slot names, unsorted; `down` sums a token's slots at once.",       \
   "Shazeer et al. 2017, arXiv 1701.06538", "decode: no sort, no scratch, only the chosen experts are read",          \
   bytes " per weight of every expert; weights are read once per slot"}
#define DENSE(format, bytes)                                                                                          \
  {"moe.dense_" format, "all experts for all tokens, weights " format,                                                \
   "Every token meets every expert; what the router did not choose counts 0.",                                        \
   "Jacobs et al. 1991, Adaptive Mixtures of Local Experts (the dense mixture)",                                      \
   "hardly ever: few experts, many tokens; its time does not depend on the load",                                     \
   bytes " per weight of every expert; experts / topk times the work"}
#define TECHNIQUES(format, bytes) GROUPED(format, bytes), GATHER(format, bytes), DENSE(format, bytes)

static const struct technique techniques[] = {
  TECHNIQUES("f32", "4 bytes"), TECHNIQUES("f16", "2 bytes"), TECHNIQUES("int8_g32", "1.06 bytes"),
  TECHNIQUES("int4_g32", "0.56 bytes"), TECHNIQUES("int4z_g32", "0.63 bytes"),
};

#define LANES_TUNABLES .tunables = {{"threads", {32, 64, 16, 128}, 4}}, .n_tunables = 1
#define GEMV_TUNABLES .tunables = {{"threads", {64, 32, 128, 16}, 4}, {"rows", {2, 1, 4, 8}, 4}}, .n_tunables = 2
/* tile_m 0: from the slots per expert. */
#define TILED_TUNABLES .tunables = {{"tile_m", {0, 16, 32, 64}, 4}, {"tile_n", {64, 32, 128}, 3}}, .n_tunables = 2
#define SORT "moe/count.count", "moe/scan.scan", "moe/scatter.scatter", "moe/combine.combine"

/* The variants of one format: the same sources, built for it. */
#define VARIANTS(format)                                                                                              \
  {.id = "moe.grouped_" format ".tiled", .technique = "moe.grouped_" format,                                          \
   .shaders = {"moe/grouped_tiled." format, SORT}, TILED_TUNABLES,                                                    \
   .valid = moe_grouped_tiled_valid, .plan = moe_grouped_tiled_plan},                                                 \
  {.id = "moe.grouped_" format ".lanes", .technique = "moe.grouped_" format,                                          \
   .shaders = {"moe/grouped_lanes." format, SORT}, LANES_TUNABLES,                                                    \
   .valid = moe_grouped_lanes_valid, .plan = moe_grouped_lanes_plan},                                                 \
  {.id = "moe.gather_" format ".gemv", .technique = "moe.gather_" format, .shaders = {"moe/gather." format},          \
   GEMV_TUNABLES, .valid = moe_gather_valid, .plan = moe_gather_plan},                                                \
  {.id = "moe.gather_" format ".gemv_sg", .technique = "moe.gather_" format, .shaders = {"moe/gather." format "_sg"}, \
   .requires = FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_ARITHMETIC,                                                  \
   GEMV_TUNABLES, .valid = moe_gather_sg_valid, .plan = moe_gather_plan},                                             \
  {.id = "moe.gather_" format ".lanes", .technique = "moe.gather_" format, .shaders = {"moe/gather_lanes." format},   \
   LANES_TUNABLES, .valid = moe_lanes_valid, .plan = moe_gather_lanes_plan},                                          \
  {.id = "moe.dense_" format ".tiled", .technique = "moe.dense_" format, .shaders = {"moe/dense_tiled." format},      \
   TILED_TUNABLES, .valid = moe_dense_tiled_valid, .plan = moe_dense_tiled_plan},                                     \
  {.id = "moe.dense_" format ".lanes", .technique = "moe.dense_" format, .shaders = {"moe/dense_lanes." format},      \
   LANES_TUNABLES, .valid = moe_lanes_valid, .plan = moe_dense_lanes_plan}

static const struct variant variants[] = {
  VARIANTS("f32"), VARIANTS("f16"), VARIANTS("int8_g32"), VARIANTS("int4_g32"), VARIANTS("int4z_g32"),
};

struct moe_shape moe_shape_of(const struct kernel_case *kase, const struct technique *technique) {
  struct moe_shape shape = {
    .tokens = (uint64_t)kase->dim[MOE_TOKENS],
    .experts = (uint64_t)kase->dim[MOE_EXPERTS],
    .topk = (uint64_t)kase->dim[MOE_TOPK],
    .n = (uint64_t)kase->dim[MOE_N],
    .k = (uint64_t)kase->dim[MOE_K],
    .down = kase->dim[MOE_DOWN] != 0,
    .load = (enum moe_load)kase->dim[MOE_LOAD],
  };
  shape.slots = shape.tokens * shape.topk;
  shape.layout = layout_of(layout_format(technique), shape.k);
  shape.expert_bytes = shape.n * shape.layout.w_row;
  shape.expert_scale_bytes = (shape.n * shape.layout.scale_row + 15) / 16 * 16;
  shape.x_rows = shape.down ? shape.topk : 1;
  shape.y_rows = shape.down ? 1 : shape.topk;
  return shape;
}

uint64_t moe_loaded_experts(const struct moe_shape *shape) {
  if (shape->load == LOAD_ONE) return shape->topk;
  if (shape->load == LOAD_EMPTY && shape->experts / 2 >= shape->topk) return shape->experts / 2;
  return shape->load == LOAD_EMPTY ? shape->topk : shape->experts;
}

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  struct moe_shape shape = moe_shape_of(kase, technique);
  if (shape.topk > shape.experts)
    return error_set(err, ERROR_INPUT, "moe: topk must not exceed experts, a token goes to an expert once");
  list->tensor[MOE_X] = (struct tensor){"x", TENSOR_INPUT, shape.tokens * shape.x_rows * shape.layout.x_row};
  list->tensor[MOE_ROUTING] = (struct tensor){"routing", TENSOR_INPUT, shape.slots * 2 * sizeof(float)};
  list->tensor[MOE_W] = (struct tensor){"w", TENSOR_STREAM, shape.experts * shape.expert_bytes};
  list->tensor[MOE_Y] = (struct tensor){"y", TENSOR_OUTPUT, shape.tokens * shape.y_rows * shape.n * sizeof(float)};
  list->n = MOE_SCALES;
  if (shape.layout.scale_row)
    list->tensor[list->n++] = (struct tensor){"scales", TENSOR_STREAM, shape.experts * shape.expert_scale_bytes};
  return true;
}

/* What is asked for; a dense technique does more. */
static double flops(const struct kernel_case *kase) {
  return 2.0 * (double)kase->dim[MOE_TOKENS] * (double)kase->dim[MOE_TOPK] * (double)kase->dim[MOE_N] *
         (double)kase->dim[MOE_K];
}

/* A token chooses an expert with probability q, topk / experts under a uniform load and, as a lower bound,
 * 1 - (1 - p)^topk under Zipf's p. */
double moe_active_experts(const struct moe_shape *shape) {
  uint64_t loaded = moe_loaded_experts(shape);
  double harmonic = 0, active = 0;
  for (uint64_t r = 1; r <= loaded; r++) harmonic += 1 / (double)r;
  for (uint64_t r = 1; r <= loaded; r++) {
    double q = shape->load == LOAD_ZIPF ? 1 - pow(1 - 1 / ((double)r * harmonic), (double)shape->topk)
                                        : (double)shape->topk / (double)loaded;
    active += 1 - pow(1 - q, (double)shape->tokens);
  }
  return active;
}

static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  struct moe_shape shape = moe_shape_of(kase, technique);
  double weights = (double)shape.n * (double)(shape.layout.w_row + shape.layout.scale_row);
  double rows = (double)(shape.x_rows * shape.k + shape.y_rows * shape.n + 2 * shape.topk);
  return moe_active_experts(&shape) * weights + sizeof(float) * (double)shape.tokens * rows;
}

/* tokens, experts, topk, n, k, down, load: every load in both directions; one token, tiles that are full, ragged and
 * empty, more slots than a block of the sort, more experts than invocations, rows and groups beside every tile; few
 * rows of few tokens, which only the experts can be cut into windows of. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 8, 2, 7, 33, 1, LOAD_UNIFORM}, {1, 8, 2, 130, 64, 0, LOAD_UNIFORM}, {3, 5, 3, 7, 100, 1, LOAD_EMPTY},
  {2, 1, 1, 9, 31, 1, LOAD_ONE}, {4, 64, 8, 65, 96, 1, LOAD_ZIPF}, {37, 8, 2, 70, 100, 1, LOAD_UNIFORM},
  {70, 4, 1, 33, 64, 0, LOAD_ONE}, {33, 16, 4, 129, 33, 0, LOAD_ZIPF}, {65, 3, 2, 5, 130, 1, LOAD_ONE},
  {50, 150, 6, 17, 40, 1, LOAD_EMPTY}, {19, 256, 8, 3, 32, 0, LOAD_UNIFORM}, {0},
};

const struct family moe_family = {
  .name = "moe",
  .summary = "the matrices of the experts times the tokens routed to them",
  .dims = {
    [MOE_TOKENS] = {"tokens", "t", 1, 1 << 17, 0},
    [MOE_EXPERTS] = {"experts", "e", 1, MOE_MAX_EXPERTS, 0},
    [MOE_TOPK] = {"topk", "top", 1, MOE_MAX_TOPK, 0},
    [MOE_N] = {"n", "n", 1, 1 << 17, 0},
    [MOE_K] = {"k", "k", 1, 1 << 16, 0},
    [MOE_DOWN] = {"down", "d", 0, 1, 0},
    [MOE_LOAD] = {"load", "l", 0, LOADS - 1, LOAD_UNIFORM},
  },
  .n_dims = MOE_DIMS,
  .techniques = techniques,
  .n_techniques = sizeof techniques / sizeof techniques[0],
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = moe_fill,
  .reference = moe_reference,
  .whole = moe_whole,
  .proof_shapes = proof_shapes,
};
