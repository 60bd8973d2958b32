/* The room of adapters, LoRA live over base weights: y[t] = c (W x[t] + s B (A x[t])), with A, B, s of the adapter that
 * row t of x names (adapter.h has the layouts).
 *
 * The base is a matmul and stays one: its tensors, its data, its reference and, where the passes are separate, its
 * kernels and their plans are those of the matmul family, asked for by name. What is ours is shrink (A), expand (B),
 * the grouping of rows by adapter, and the kernels that do the expand in the base's epilogue.
 *
 * The story so far. Median ms, lavapipe of Mesa 22.3 with subgroups of 8, two cores of a shared machine, 2026-11-22,
 * base int4_g32 with n = k = 2048, the variants called rows (the others are GPUs' and lose there as matmul's do); base
 * alone 1.7 at m=1, 8.9 at m=8:
 * 1. merged: no kernel. W + s B A is a weight matrix like any other, so its time is the row of matmul in its format. It
 *    serves one adapter at a time, and merging into quantised weights rounds the adapter away.
 * 2. separate: base, shrink, expand as passes of one plan: what engines do that keep adapters apart from the model. y
 *    is written, read and written again.
 * 3. grouped (SGMV): as separate, but the rows of x are first sorted by adapter on the device, and A and B are read
 *    once for four rows of an adapter instead of once for each. For batches with several rows per adapter.
 * 4. fused: shrink, then a base kernel that goes on over B when it is through with W: y = [x v] [W B]' is one dot
 *    product over k + rank elements. One launch less and y touched once. Its prefill kernel groups as 3 does.
 *                    m=1 rank 16   m=1 rank 64   m=8 rank 16, 4 adapters
 *      separate          2.0           2.4             10.0
 *      grouped                                         10.7
 *      fused             1.8           2.2             12.2
 *    At m=1 and rank 16, whose A and B are 6 % of the base's bytes, fused costs 7 % and separate 17 %. At m=8 the three
 *    lie within the noise of the machine: two rows per adapter are too few for grouping to pay.
 *
 * Losers, not kept:
 *   - shrink with an invocation per row of A and part of k, without reductions, which is how matmul's base is fastest
 *     on lavapipe: level at rank 16; with fused at rank 128, m=1, 5.3 ms against 2.9: v in eight parts of k is eight
 *     times the loads for everyone who reads it.
 *
 * What is not a technique of its own, because the arithmetic is the same:
 *   - RSLoRA (arXiv 2312.03732) is LoRA with s = alpha / sqrt(rank) in place of alpha / rank: s is data, one number per
 *     adapter, and no kernel knows how it was made. Its rows are those of LoRA.
 *   - QLoRA (arXiv 2305.14314) is LoRA over frozen 4-bit weights: the rows with base int4_g32. (The paper's NF4 differs
 *     in the table of values, not in the traffic.)
 * DoRA (arXiv 2402.09353) differs: y = (m / |W + s B A|) (W + s B A) x with a magnitude m and a norm for each row of W.
 * Both are known when the adapter is loaded, so a kernel only multiplies by their quotient c in its epilogue; but c is
 * one more tensor, and it multiplies the base too, so DoRA has rows of its own. */
#include "adapter_shape.h"

#define LORA "Hu et al. 2021, LoRA, arXiv 2106.09685"
#define QLORA LORA "; QLoRA: Dettmers et al. 2023, arXiv 2305.14314"
#define SGMV "Chen et al. 2023, Punica (SGMV), arXiv 2310.18547"
#define COST                                                                                                           \
  "2 rank (k + n) flops per row of x, 2 rank (k + n) bytes per adapter of the batch; the quality is the adapter's; "

static const struct technique techniques[] = {
  {"adapter.separate_f16", "LoRA, separate passes, base f16",
   "Base matmul, shrink (A x), expand and add (B v) as passes of one plan; every row of x may name another adapter. "
   "RSLoRA is the same with another scale.",
   LORA "; RSLoRA: Kalajdzievski 2023, arXiv 2312.03732", "where the base has a kernel that no fused one matches",
   COST "three launches, y twice"},
  {"adapter.separate_int4_g32", "LoRA, separate passes, base int4 in groups of 32 (QLoRA)",
   "As separate_f16 over 4-bit base weights: QLoRA, whose adapters stay in f16.", QLORA,
   "as separate_f16, where memory is short", COST "three launches, y twice"},
  {"adapter.grouped_f16", "LoRA, rows grouped by adapter, base f16",
   "As separate_f16, with the rows of x sorted by adapter on the device, so that rows of one adapter share its loads.",
   SGMV, "batches with several rows per adapter: prefill of many tenants", COST "four launches, y twice"},
  {"adapter.grouped_int4_g32", "LoRA, rows grouped by adapter, base int4 in groups of 32 (QLoRA)",
   "As grouped_f16 over 4-bit base weights.", SGMV "; " QLORA, "as grouped_f16, where memory is short",
   COST "four launches, y twice"},
  {"adapter.fused_f16", "LoRA in the base's epilogue, base f16",
   "Shrink, then the base kernel adds the expand before it stores: one dot product over k + rank elements. RSLoRA is "
   "the same with another scale.",
   LORA "; RSLoRA: Kalajdzievski 2023, arXiv 2312.03732",
   "decode, where a launch and another pass over y show", COST "two launches (prefill: three, its rows are grouped)"},
  {"adapter.fused_int4_g32", "LoRA in the base's epilogue, base int4 in groups of 32 (QLoRA)",
   "As fused_f16 over 4-bit base weights: QLoRA, whose adapters stay in f16.", QLORA,
   "decode where memory or bandwidth is short", COST "two launches (prefill: three, its rows are grouped)"},
  {"adapter.dora_f16", "DoRA in the base's epilogue, base f16",
   "As fused_f16, and every output is multiplied by magnitude / norm of its row of W + s B A, which is made when the "
   "adapter is loaded.",
   "Liu et al. 2024, DoRA, arXiv 2402.09353", "adapters that were trained as DoRA",
   COST "as fused_f16, and 4 bytes per adapter and row of W"},
  {"adapter.dora_int4_g32", "DoRA in the base's epilogue, base int4 in groups of 32",
   "As dora_f16 over 4-bit base weights.", "Liu et al. 2024, DoRA, arXiv 2402.09353",
   "adapters that were trained as DoRA, where memory is short",
   COST "as fused_int4_g32, and 4 bytes per adapter and row of W"},
};

#define SUBGROUP (FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_ARITHMETIC)

/* Tunables: those of the matmul variant of the same name, then the parts of k in shrink; 0 = derived by plan.c. */
#define SPLITS {"splits", {0, 1, 2, 4, 8}, 5}
#define GEMV_TUNABLES                                                                                                  \
  .tunables = {{"threads", {64, 32, 128, 16}, 4}, {"rows", {4, 2, 8, 1}, 4}, SPLITS}, .n_tunables = 3
#define ROWS_TUNABLES .tunables = {{"threads", {32, 64, 16, 128}, 4}, SPLITS}, .n_tunables = 2
#define TILED_TUNABLES                                                                                                 \
  .tunables = {{"tile_m", {64, 32, 128, 16}, 4}, {"tile_n", {64, 32, 128}, 3}, {"registers", {8, 4}, 2}, SPLITS},      \
  .n_tunables = 4

#define GEMV .requires = 0, GEMV_TUNABLES, .valid = adapter_gemv_valid
#define GEMV_SG .requires = SUBGROUP, GEMV_TUNABLES, .valid = adapter_gemv_sg_valid
#define ROWS .requires = 0, ROWS_TUNABLES, .valid = adapter_rows_valid
#define TILED .requires = 0, TILED_TUNABLES, .valid = adapter_tiled_valid

#define NAME(technique_id, kind) .id = "adapter." technique_id "." kind, .technique = "adapter." technique_id

/* The shaders of the matmul variant that does the base come first, as it has them; then ours. */
#define BASE_ROWS(format) "matmul/rows." format "_1", "matmul/rows." format "_4"
#define BASE_TILED(format) "matmul/tiled." format "_4", "matmul/tiled." format "_8"
#define BY_ROW "adapter/shrink.main", "adapter/expand.main"
#define BY_ADAPTER "adapter/group.main", "adapter/shrink.grouped", "adapter/expand.grouped"

#define SEPARATE(format)                                                                                               \
  {NAME("separate_" format, "gemv"), .shaders = {"matmul/gemv." format, BY_ROW}, GEMV, .plan = adapter_separate_plan}, \
  {NAME("separate_" format, "gemv_sg"),                                                                                \
   .shaders = {"matmul/gemv." format "_sg", "adapter/shrink.sg", "adapter/expand.main"},                               \
   GEMV_SG, .plan = adapter_separate_plan},                                                                            \
  {NAME("separate_" format, "rows"), .shaders = {BASE_ROWS(format), BY_ROW}, ROWS, .plan = adapter_separate_plan},     \
  {NAME("separate_" format, "tiled"), .shaders = {BASE_TILED(format), BY_ROW}, TILED, .plan = adapter_separate_plan}

#define GROUPED(format)                                                                                                \
  {NAME("grouped_" format, "rows"), .shaders = {BASE_ROWS(format), BY_ADAPTER}, ROWS, .plan = adapter_grouped_plan},   \
  {NAME("grouped_" format, "tiled"), .shaders = {BASE_TILED(format), BY_ADAPTER}, TILED, .plan = adapter_grouped_plan}

/* build: the format, and "_dora" where outputs are multiplied by factors. */
#define FUSED(technique_id, build)                                                                                     \
  {NAME(technique_id, "gemv"), .shaders = {"adapter/shrink.main", "adapter/fused_gemv." build},                        \
   GEMV, .plan = adapter_gemv_plan},                                                                                   \
  {NAME(technique_id, "gemv_sg"), .shaders = {"adapter/shrink.sg", "adapter/fused_gemv." build "_sg"},                 \
   GEMV_SG, .plan = adapter_gemv_plan},                                                                                \
  {NAME(technique_id, "rows"),                                                                                         \
   .shaders = {"adapter/shrink.main", "adapter/fused_rows." build "_1", "adapter/fused_rows." build "_4"},             \
   ROWS, .plan = adapter_rows_plan},                                                                                   \
  {NAME(technique_id, "tiled"),                                                                                        \
   .shaders = {"adapter/group.main", "adapter/shrink.grouped", "adapter/fused_tiled." build "_4",                      \
               "adapter/fused_tiled." build "_8"},                                                                     \
   TILED, .plan = adapter_tiled_plan}

static const struct variant variants[] = {
  SEPARATE("f16"), SEPARATE("int4_g32"),
  GROUPED("f16"), GROUPED("int4_g32"),
  FUSED("fused_f16", "f16"), FUSED("fused_int4_g32", "int4_g32"),
  FUSED("dora_f16", "f16_dora"), FUSED("dora_int4_g32", "int4_g32_dora"),
};

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  struct adapter_shape shape;
  if (!adapter_shape_of(kase, technique->id, &shape, err)) return false;
  *list = shape.tensors;
  return true;
}

static double flops(const struct kernel_case *kase) {
  double m = (double)kase->dim[DIM_M], n = (double)kase->dim[DIM_N], k = (double)kase->dim[DIM_K];
  return 2 * m * (n * k + (double)kase->dim[DIM_RANK] * (n + k));
}

/* No more adapters than there are rows are read. */
static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  struct adapter_shape shape;
  struct error ignored = {0};
  if (!adapter_shape_of(kase, technique->id, &shape, &ignored)) return 0;
  double used = (double)(shape.adapters < shape.m ? shape.adapters : shape.m) / (double)shape.adapters;
  double total = shape.base.family->bytes(&shape.base, shape.format) + (double)shape.tensors.tensor[shape.ids].bytes;
  for (size_t i = shape.a; i < shape.tensors.n; i++) total += used * (double)shape.tensors.tensor[i].bytes;
  return total;
}

/* m, n, k, rank, adapters: ranks beside 8 and of several loads, one adapter and many, more adapters than rows, segments
 * that fill a tile, that do not, and that are empty; n and k as in matmul. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 7, 33, 8, 1}, {1, 65, 576, 16, 3}, {1, 4, 4100, 12, 2}, {2, 65, 31, 5, 5}, {3, 130, 100, 33, 2},
  {5, 9, 576, 64, 7}, {8, 65, 100, 128, 3}, {9, 65, 33, 8, 4}, {37, 130, 100, 24, 3}, {70, 129, 96, 16, 1},
  {65, 33, 64, 20, 40}, {0},
};

const struct family adapter_family = {
  .name = "adapter",
  .summary = "y = c (x w' + s (x a') b'): LoRA adapters, live, over base weights in one of several formats",
  .dims = {{"m", "m", 1, 65536, 0}, {"n", "n", 1, 1 << 20, 0}, {"k", "k", 1, 1 << 18, 0}, {"rank", "r", 1, 256, 0},
           {"adapters", "a", 1, ADAPTER_MOST, 1}},
  .n_dims = ADAPTER_DIMS,
  .techniques = techniques,
  .n_techniques = sizeof techniques / sizeof techniques[0],
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = adapter_fill,
  .reference = adapter_reference,
  .proof_shapes = proof_shapes,
};
