/* matmul: y[m, n] = sum over k of x[m, k] w[n, k]; x and y in f32, w in one of five formats (weights.glsl).
 *
 * The story so far. GFLOPS per core (work over processor time, since the machine was shared), lavapipe of Mesa 22.3
 * with subgroups of 8 / SwiftShader of Chromium 156, two cores of an AVX-512 EPYC, 2026-11-22; int4_g32 unless said:
 *
 *   1. gemv      neighbours share a row         m=1 n=k=4096: 1.7 / 0.11. The pattern for GPUs, where loads coalesce.
 *   2. gemv_sg   the same, subgroupAdd          2.5 / 0.17. Fewer barriers; 16 invocations and 8 rows do best there.
 *   3. rows      an invocation owns 4 rows      4.5 / 0.79 (f16 3.0 / 0.48); m=128 n=1536 k=576: 6.7 / 1.7.
 *   4. tiled     tiles in shared memory         m=128 n=1536 k=576: 5.1 / 1.3; m=1: 0.09, 63 of 64 tile rows are waste.
 *   5. coopmat   fragments on a matrix unit     m=64 n=k=576 on lavapipe of Mesa 26.1, which emulates them: 1.3, where
 *      rows gives 24 and tiled 10, and its own ceiling is 3.7. It is for GPUs. RADV of Mesa 25.0 makes of the default
 *      on RDNA3 84 vector registers, no spills, 18 waves a SIMD; 4 x 4 fragments take 132 and leave 10 waves, a step of
 *      64 in K leaves 12. Those stay as tunables: no GPU has timed them yet. At 16 lanes (LP_NATIVE_VECTOR_WIDTH=512)
 *      that lavapipe advertises matrices too, and dies of every shader that uses one: the row is `lost`.
 *
 * Losers, not kept:
 *   - rows with one row per invocation: 2.2 at m=1. A load costs the same whether all lanes read one address or eight,
 *     so the loads of x must be shared by rows: 2 rows 2.7, 4 rows 4.1, 8 rows 5.4, but no faster at m=8 and beyond.
 *   - rows with x loaded once per subgroup and spread by subgroupBroadcast: 1.7 against 1.9 at m=1, and half the speed
 *     of plain loads at m=32.
 *   - rows with 8 columns: as fast as 4 on lavapipe, 20 % faster on SwiftShader, where it compiles for 3 s.
 *   - rows with fma() in place of a * b + c: level on lavapipe, a tenth slower on SwiftShader.
 *   - tiled with 4 x 4 outputs per invocation: 3.1 against 5.0 (int8, 64 x 64); it stays as a tunable for devices with
 *     few registers. No tuning has been measured on a GPU yet: the defaults keep two NVIDIA or one AMD wave busy and
 *     within 128 invocations; a tuned run replaces them. */
#include "layout.h"
#include "matmul.h"
#include "room.h"

static const struct technique techniques[] = {
  {"matmul.f32", "weights f32", "Weights as 32-bit floats, without any loss.", "IEEE 754-2019 binary32",
   "never in inference: it is what the others are compared with", "4 bytes per weight"},
  {"matmul.f16", "weights f16", "Weights as 16-bit floats, the form in which most models are published.",
   "IEEE 754-2019 binary16", "where memory is ample; no quality is lost against the published model",
   "2 bytes per weight"},
  {"matmul.int8_g32", "weights int8, groups of 32", "w = d * code: 8-bit codes, one f16 step d for 32 weights.",
   "GGUF q8_0; Dettmers et al. 2022, LLM.int8(), arXiv 2208.07339",
   "decode at almost no loss of quality: half the bytes of f16",
   "1.06 bytes per weight; a small loss of quality, which the selector takes from suites/quality"},
  {"matmul.int4_g32", "weights int4, groups of 32", "w = d * (code - 8): 4-bit codes, one f16 step d for 32 weights.",
   "GGUF q4_0; Frantar et al. 2022, GPTQ, arXiv 2210.17323",
   "decode where memory or bandwidth is short: 28 % of the bytes of f16",
   "0.56 bytes per weight; a loss of quality that is not to be neglected"},
  {"matmul.int4z_g32", "weights int4 with zero point, groups of 32",
   "w = d * code + z: 4-bit codes, f16 step d and f16 offset z for 32 weights.",
   "GGUF q4_1; Lin et al. 2023, AWQ, arXiv 2306.00978", "weights whose groups are not centred on zero",
   "0.63 bytes per weight: 11 % more than int4_g32 for a smaller loss"},
};

#define GEMV_TUNABLES .tunables = {{"threads", {64, 32, 128, 16}, 4}, {"rows", {4, 2, 8, 1}, 4}}, .n_tunables = 2
#define ROWS_TUNABLES .tunables = {{"threads", {32, 64, 16, 128}, 4}}, .n_tunables = 1
#define TILED_TUNABLES                                                                                                 \
  .tunables = {{"tile_m", {64, 32, 128, 16}, 4}, {"tile_n", {64, 32, 128}, 3}, {"registers", {8, 4}, 2}},              \
  .n_tunables = 3

static const struct arithmetic matrix_unit = {reference_matmul_f16, reference_whole_f16, "coopmat_f16_f32"};

#define COOPMAT_TUNABLES                                                                                               \
  .tunables = {{"subgroups", {4, 2, 8, 1}, 4}, {"fragments_m", {2, 1, 4}, 3}, {"fragments_n", {2, 1, 4}, 3},           \
               {"k_step", {32, 64}, 2}},                                                                               \
  .n_tunables = 4

/* The variants of one format: the same sources, built for it. */
#define VARIANTS(format)                                                                                              \
  {.id = "matmul." format ".gemv", .technique = "matmul." format, .shaders = {"matmul/gemv." format},                \
   GEMV_TUNABLES, .valid = plan_gemv_valid, .plan = plan_gemv},                                                       \
  {.id = "matmul." format ".gemv_sg", .technique = "matmul." format, .shaders = {"matmul/gemv." format "_sg"},       \
   .requires = FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_ARITHMETIC,                                                  \
   GEMV_TUNABLES, .valid = plan_gemv_sg_valid, .plan = plan_gemv},                                                    \
  {.id = "matmul." format ".rows", .technique = "matmul." format,                                                     \
   .shaders = {"matmul/rows." format "_1", "matmul/rows." format "_4"},                                               \
   ROWS_TUNABLES, .valid = plan_rows_valid, .plan = plan_rows},                                                       \
  {.id = "matmul." format ".tiled", .technique = "matmul." format,                                                    \
   .shaders = {"matmul/tiled." format "_4", "matmul/tiled." format "_8"},                                             \
   TILED_TUNABLES, .valid = plan_tiled_valid, .plan = plan_tiled}

/* Not for f32, which rounding to f16 would rob of its point. */
#define COOPMAT(format)                                                                                               \
  {.id = "matmul." format ".coopmat", .technique = "matmul." format, .shaders = {"matmul/coopmat." format},          \
   .requires = FEATURE_COOPMAT | FEATURE_FLOAT16 | FEATURE_SUBGROUP_BASIC | FEATURE_VULKAN_MEMORY_MODEL,              \
   COOPMAT_TUNABLES, .valid = plan_coopmat_valid, .plan = plan_coopmat, .arithmetic = &matrix_unit}

static const struct variant variants[] = {
  VARIANTS("f32"), VARIANTS("f16"), COOPMAT("f16"), VARIANTS("int8_g32"), COOPMAT("int8_g32"), VARIANTS("int4_g32"),
  COOPMAT("int4_g32"), VARIANTS("int4z_g32"), COOPMAT("int4z_g32"),
};

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  (void)err;   /* every shape within the ranges of the dims makes sense */
  uint64_t m = (uint64_t)kase->dim[0], n = (uint64_t)kase->dim[1];
  struct layout layout = layout_of(layout_format(technique), (uint64_t)kase->dim[2]);
  list->tensor[MATMUL_X] = (struct tensor){"x", TENSOR_INPUT, m * layout.x_row};
  list->tensor[MATMUL_W] = (struct tensor){"w", TENSOR_STREAM, n * layout.w_row};
  list->tensor[MATMUL_Y] = (struct tensor){"y", TENSOR_OUTPUT, m * n * sizeof(float)};
  list->n = 3;
  if (layout.scale_row)
    list->tensor[list->n++] = (struct tensor){"scales", TENSOR_STREAM, layout_scale_bytes(&layout, n)};
  return true;
}

static double flops(const struct kernel_case *kase) {
  return 2.0 * (double)kase->dim[0] * (double)kase->dim[1] * (double)kase->dim[2];
}

/* Padding counts for w and scales, which must be read whole, and not for x and y. */
static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  double m = (double)kase->dim[0], n = (double)kase->dim[1], k = (double)kase->dim[2];
  struct layout layout = layout_of(layout_format(technique), (uint64_t)kase->dim[2]);
  return n * (double)(layout.w_row + layout.scale_row) + sizeof(float) * (m * k + m * n);
}

/* Every m of the decode variants; n and k beside multiples of 4, 8, 32 and of every tile; one row of many groups. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 1, 1}, {1, 7, 33}, {1, 65, 576}, {1, 130, 100}, {1, 4, 4100}, {2, 65, 31}, {3, 7, 100}, {4, 130, 33},
  {5, 65, 100}, {6, 1, 576}, {7, 7, 31}, {8, 130, 576}, {9, 65, 33}, {33, 130, 100}, {65, 7, 64}, {70, 129, 96}, {0},
};

const struct family matmul_family = {
  .name = "matmul",
  .summary = "y = x w': activations times a weight matrix in one of several formats",
  .dims = {{"m", "m", 1, 65536, 0}, {"n", "n", 1, 1 << 20, 0}, {"k", "k", 1, 1 << 18, 0}},
  .n_dims = 3,
  .techniques = techniques,
  .n_techniques = sizeof techniques / sizeof techniques[0],
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = fill_matmul,
  .reference = reference_matmul,
  .whole = reference_whole,
  .proof_shapes = proof_shapes,
};
