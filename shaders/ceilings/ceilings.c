/* What the device can do at best: the roofline that every other number is a percentage of.
 *
 * Two dimensions: `bytes`, the working set of read and copy (whole tiles of 4 KiB) and the output of the others; and
 * `trips` of the compute kernels, 0 for the rest. Which level of memory read measures follows from the mode: cold
 * rotates over more than the last-level cache holds, warm stays within whatever `bytes` fits in.
 *
 * The story. read first gave every invocation loads that lie 1 KiB apart (64 lanes side by side); lavapipe reached 2.6
 * GB/s. A tile of 16 columns keeps 256 bytes together, which is all that a GPU needs, and gives lavapipe the pages
 * in order: 5.2 GB/s. One address for the whole workgroup, in the hope of a scalar load, was the worst, 0.1 to 0.7.
 * The chains count: with factor 1 and term 1 the result says how many steps were really made. That is how it was
 * found that lavapipe of Mesa 22.3 gives an invocation 65,535 iterations for all its loops together (entering a loop
 * costs one more), then leaves every loop at once without a word. */
#include <string.h>

#include "ceilings.h"
#include "room.h"

/* f16 counts to 2^11: start and chain index (below 80) + 4 trips. The narrow chains loop twice, over at most 65,535
 * iterations in all. */
enum { MAX_TRIPS_F16 = 490, MAX_TRIPS = 32760 };
/* coopmat: sums of up to 8 products of 1 a trip, in steps of 2^-8, stay within the 24 bits of a float. Sides in K of 8,
 * 16 and 32 make whole steps of 4 trips. */
enum { MAX_TRIPS_COOPMAT = 8000, UNIT_TRIPS_COOPMAT = 4 };

static const struct technique techniques[CEILINGS] = {
  [CEILING_READ] = {
    "ceilings.read", "memory read", "reads a working set once and adds it up",
    "roofline model: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785",
    "bounds everything that streams weights or KV cache", "nothing: it is the measure"},
  [CEILING_COPY] = {
    "ceilings.copy", "memory copy", "copies a working set; its bytes are those read and those written",
    "STREAM copy: McCalpin 1995, https://www.cs.virginia.edu/stream/",
    "bounds what writes as much as it reads: quantising, cache append", "nothing: it is the measure"},
  [CEILING_FMA_F32] = {
    "ceilings.fma_f32", "fused multiply-add, f32", "16 chains of fma() in registers",
    "roofline model: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785",
    "bounds f32 arithmetic where the hardware fuses", "nothing: it is the measure"},
  [CEILING_MULADD_F32] = {
    "ceilings.muladd_f32", "multiply and add, f32", "16 chains of a * b + c, which the driver may fuse or not",
    "roofline model: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785",
    "bounds f32 arithmetic where fma() is emulated", "nothing: it is the measure"},
  [CEILING_FMA_F16] = {
    "ceilings.fma_f16", "fused multiply-add, f16", "16 chains of fma() on pairs of f16 in registers",
    "roofline model: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785",
    "bounds f16 arithmetic outside matrix units", "nothing: it is the measure"},
  [CEILING_COOPMAT] = {
    "ceilings.coopmat_f16_f32", "cooperative matrix, f16 summed in f32", "8 chains of coopMatMulAdd in registers",
    "roofline model: Williams, Waterman and Patterson 2009, doi:10.1145/1498765.1498785; VK_KHR_cooperative_matrix",
    "bounds what multiplies on matrix units", "nothing: it is the measure"},
  [CEILING_EMPTY] = {
    "ceilings.empty", "dispatch overhead", "one workgroup that stores a few words",
    "the floor under every latency", "never: every dispatch pays it", "nothing: it is the measure"},
};

enum ceiling ceiling_of(const char *technique_id) {
  for (enum ceiling c = 0; c < CEILINGS; c++)
    if (strcmp(techniques[c].id, technique_id) == 0) return c;
  return CEILINGS;
}

bool ceiling_computes(enum ceiling c) {
  return c == CEILING_FMA_F32 || c == CEILING_MULADD_F32 || c == CEILING_FMA_F16 || c == CEILING_COOPMAT;
}

/* NULL when this ceiling has such a shape, else why not. */
static const char *shape_problem(const struct kernel_case *kase, enum ceiling ceiling) {
  int64_t bytes = kase->dim[DIM_BYTES], trips = kase->dim[DIM_TRIPS];
  if (bytes % 4) return "bytes must be a multiple of 4";
  if (ceiling_computes(ceiling)) {
    if (trips < 1) return "a compute ceiling needs trips >= 1";
    if (ceiling == CEILING_FMA_F16 && trips > MAX_TRIPS_F16) return "f16 cannot count beyond 490 trips";
    if (ceiling == CEILING_COOPMAT && (trips > MAX_TRIPS_COOPMAT || trips % UNIT_TRIPS_COOPMAT))
      return "the trips of coopmat must be a multiple of 4, 8000 at most";
    return NULL;
  }
  if (trips) return "only compute ceilings take trips";
  if (ceiling == CEILING_EMPTY) return bytes > CEILINGS_EMPTY * 4 ? "an empty dispatch writes at most 256 bytes" : NULL;
  return bytes % CEILINGS_TILE_BYTES ? "bytes must be a multiple of 4096" : NULL;
}

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *out,
                    struct error *err) {
  enum ceiling ceiling = ceiling_of(technique->id);
  const char *problem = shape_problem(kase, ceiling);
  if (problem) return error_set(err, ERROR_INPUT, "%s: %s", technique->id, problem);
  uint64_t bytes = (uint64_t)kase->dim[DIM_BYTES];
  switch (ceiling) {
    case CEILING_READ:
      *out = (struct tensor_list){{{"source", TENSOR_STREAM, bytes}, {"checksums", TENSOR_OUTPUT, bytes / 64}}, 2};
      break;
    case CEILING_COPY:
      *out = (struct tensor_list){{{"source", TENSOR_STREAM, bytes}, {"copy", TENSOR_OUTPUT, bytes}}, 2};
      break;
    case CEILING_EMPTY:
      *out = (struct tensor_list){{{"indices", TENSOR_OUTPUT, bytes}}, 1};
      break;
    default:
      *out = (struct tensor_list){{{"start", TENSOR_INPUT, bytes},
                                   {"factors", TENSOR_INPUT, ceiling == CEILING_COOPMAT ? 64 : 16},
                                   {"totals", TENSOR_OUTPUT, bytes}}, 3};
  }
  return true;
}

static double flops(const struct kernel_case *kase) {
  return (double)kase->dim[DIM_BYTES] / 4 * (double)kase->dim[DIM_TRIPS] * CEILINGS_CHAINS * CEILINGS_STEPS * 2;
}

static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  struct tensor_list list = {0};
  struct error ignored;
  double total = 0;
  if (!tensors(kase, technique, &list, &ignored)) return 0;
  for (size_t i = 0; i < list.n; i++) total += (double)list.tensor[i].bytes;
  return total;
}

static const char *valid(const struct kernel_case *kase, const struct caps *caps, const int32_t *tuning) {
  (void)kase;
  uint32_t group = (uint32_t)tuning[TUNE_GROUP];
  return group > caps->limits.invocations || group > caps->limits.group_size[0]
           ? "the workgroup is larger than the device takes" : NULL;
}

/* 64 suits GPUs of any subgroup size; 8 is a CPU's vector: lavapipe read tiles at 5.5 GB/s with it, 3.3 with 64. */
#define WIDE_GROUPS {"group", {64, 8, 32, 128, 256}, 5}
#define CPU_GROUPS {"group", {8, 64, 32, 128, 256}, 5}
/* Tiles that an invocation takes in turn; with 1 there is no loop. */
#define TURNS {"turns", {1, 4, 16}, 3}
#define STREAM(technique, layout, groups) \
  {"ceilings." #technique "." #layout, "ceilings." #technique, {"ceilings/stream." #technique "_" #layout}, 0, \
   {groups, TURNS}, 2, valid, ceiling_plan_##layout, NULL}
#define CHAINS(technique, width, requires) \
  {"ceilings." #technique "." #width, "ceilings." #technique, {"ceilings/chains." #technique "_" #width}, requires, \
   {WIDE_GROUPS}, 1, valid, ceiling_plan_chains, NULL}

static const struct variant variants[] = {
  STREAM(read, columns, WIDE_GROUPS),
  STREAM(read, tiles, CPU_GROUPS),
  STREAM(copy, columns, WIDE_GROUPS),
  STREAM(copy, tiles, CPU_GROUPS),
  CHAINS(fma_f32, wide, 0),
  CHAINS(fma_f32, narrow, 0),
  CHAINS(muladd_f32, wide, 0),
  CHAINS(muladd_f32, narrow, 0),
  CHAINS(fma_f16, wide, FEATURE_FLOAT16),
  CHAINS(fma_f16, narrow, FEATURE_FLOAT16),
  {"ceilings.coopmat_f16_f32.chains", "ceilings.coopmat_f16_f32", {"ceilings/coopmat.f16_f32"},
   FEATURE_COOPMAT | FEATURE_FLOAT16 | FEATURE_SUBGROUP_BASIC | FEATURE_VULKAN_MEMORY_MODEL,
   {{"subgroups", {4, 1, 2, 8}, 4}}, 1, ceiling_valid_coopmat, ceiling_plan_coopmat, NULL},
  {"ceilings.empty.store", "ceilings.empty", {"ceilings/empty.store"}, 0, {{0}}, 0, NULL, ceiling_plan_empty, NULL},
};

/* One tile, several, more than a workgroup's; one word to a whole empty dispatch; one invocation, ragged ends, the last
 * count that f16 holds, and the longest loops. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {4096, 0}, {5 * 4096, 0}, {67 * 4096, 0}, {4, 0}, {200, 0}, {256, 0},
  {4, 1}, {1000, 3}, {4100, 17}, {516, MAX_TRIPS_F16}, {256, MAX_TRIPS},
  {4, 4}, {4100, 20}, {516, MAX_TRIPS_COOPMAT}, {0},
};

const struct family ceilings_family = {
  .name = "ceilings",
  .summary = "what the device can do at best: bandwidth, arithmetic, dispatch",
  .dims = {{"bytes", "b", 4, (int64_t)1 << 34, 0}, {"trips", "t", 0, MAX_TRIPS, 0}},
  .n_dims = 2,
  .techniques = techniques,
  .n_techniques = CEILINGS,
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = NULL,
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = ceiling_fill,
  .reference = ceiling_reference,
  .whole = NULL,
  .proof_shapes = proof_shapes,
};
