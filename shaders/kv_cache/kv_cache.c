/* The room of the KV cache's writing side: what a step computed goes where attention will read it.
 *
 * Each case stores one tensor, keys or values: keys with RoPE, values without. The cache is the output; a run writes
 * only the new rows of it. The check decodes them on the host after the run (kernel.h, decode), and counts what else
 * was written: the op that is timed stores its own format and nothing more.
 *
 * The story so far:
 * 1. store: f16, eight elements and 16 bytes per invocation.
 * 2. quantise: int8 in groups of 32. One invocation per group, as ggml has it, writes scattered bytes; here 8, 4 or
 *    2 share a group, hold it in registers and store whole words. Two groups' scales make a word, hence heads of a
 *    multiple of 64.
 * 3. Both with RoPE on the way: the keys are read once, and never written in f32.
 * At decode a step stores a few thousand elements and costs a launch: fused, it is one launch for RoPE and store. */
#include "kv_shape.h"

#include <string.h>

#define ROPE_SOURCE "Su et al. 2021, arXiv 2104.09864"
#define INT8_SOURCE "GGUF q8_0; Hooper et al. 2024, KVQuant, arXiv 2401.18079"
#define INT8_COSTS "17/32 of the bytes of f16; quality of an int8 KV cache"

static const struct technique techniques[] = {
  {"kv_cache.append_f16", "append to an f16 cache", "Stores new keys or values at a position of an f16 cache.",
   "definition", "values; keys of models without RoPE", "2 bytes per element"},
  {"kv_cache.append_int8", "append to an int8 cache",
   "Quantises new keys or values to int8 codes with an f16 scale per 32 elements, into the cache.", INT8_SOURCE,
   "values of an int8 cache", INT8_COSTS},
  {"kv_cache.rope_pairs_append_f16", "RoPE (pairs) and append to an f16 cache",
   "Turns interleaved pairs of new keys by their position and stores them.", ROPE_SOURCE,
   "keys of an f16 cache: a write and a read of them less", "2 bytes per element"},
  {"kv_cache.rope_halves_append_f16", "RoPE (half-split) and append to an f16 cache",
   "Turns half-split pairs of new keys by their position and stores them.", ROPE_SOURCE,
   "keys of an f16 cache: a write and a read of them less", "2 bytes per element"},
  {"kv_cache.rope_pairs_append_int8", "RoPE (pairs) and append to an int8 cache",
   "Turns interleaved pairs of new keys, quantises and stores them.", ROPE_SOURCE "; " INT8_SOURCE,
   "keys of an int8 cache: read once, written once", INT8_COSTS},
  {"kv_cache.rope_halves_append_int8", "RoPE (half-split) and append to an int8 cache",
   "Turns half-split pairs of new keys, quantises and stores them.", ROPE_SOURCE "; " INT8_SOURCE,
   "keys of an int8 cache: read once, written once", INT8_COSTS},
};

/* Defaults first. Two lanes are what subgroups of any size can shuffle for. */
#define THREADS {"threads", {64, 32, 128, 16}, 4}
#define SHARED_LANES {"lanes", {8, 4, 2}, 3}
#define SHUFFLE_LANES {"lanes", {2, 4, 8}, 3}

#define BUILDS(build) \
  {"kv_cache/quantise." build "_2", "kv_cache/quantise." build "_4", "kv_cache/quantise." build "_8"}
#define STORE(technique, build) \
  {"kv_cache." technique ".base", "kv_cache." technique, {"kv_cache/store." build}, 0, {THREADS}, 1, \
   kv_store_valid, kv_store_plan, NULL}
#define QUANTISE(technique, build) \
  {"kv_cache." technique ".base", "kv_cache." technique, BUILDS(build), 0, {THREADS, SHARED_LANES}, 2, \
   kv_shared_valid, kv_quantise_plan, NULL}, \
  {"kv_cache." technique ".shuffle", "kv_cache." technique, BUILDS(build "_shuffle"), \
   FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_SHUFFLE, {THREADS, SHUFFLE_LANES}, 2, kv_shuffle_valid, \
   kv_quantise_plan, NULL}

static const struct variant variants[] = {
  STORE("append_f16", "plain"),
  STORE("rope_pairs_append_f16", "pairs"),
  STORE("rope_halves_append_f16", "halves"),
  QUANTISE("append_int8", "plain"),
  QUANTISE("rope_pairs_append_int8", "pairs"),
  QUANTISE("rope_halves_append_int8", "halves"),
};

struct kv_shape kv_shape_of(const struct kernel_case *kase, const char *technique_id) {
  struct kv_shape shape = {
    .rope = strstr(technique_id, "rope_pairs") ? KV_PAIRS : strstr(technique_id, "rope_halves") ? KV_HALVES : KV_PLAIN,
    .int8 = strstr(technique_id, "int8") != NULL,
    .batch = (uint64_t)kase->dim[DIM_BATCH],
    .rows = (uint64_t)kase->dim[DIM_ROWS],
    .position = (uint64_t)kase->dim[DIM_POSITION],
    .capacity = (uint64_t)kase->dim[DIM_KV],
    .kv_heads = (uint64_t)kase->dim[DIM_KV_HEADS],
    .head = (uint64_t)kase->dim[DIM_HEAD],
  };
  shape.tokens = shape.batch * shape.rows;
  shape.pairs = shape.batch * shape.kv_heads;
  shape.cache = shape.rope == KV_PLAIN ? KV_X + 1 : KV_ANGLES + 1;
  shape.elements = shape.tokens * shape.kv_heads * shape.head;
  shape.groups = shape.int8 ? shape.elements / KV_CACHE_GROUP : 0;
  shape.x_row = shape.kv_heads * shape.head * sizeof(float);
  shape.angle_row = shape.head * sizeof(float);
  shape.row_bytes = shape.int8 ? shape.head : 2 * shape.head;
  shape.pair_bytes = shape.capacity * shape.row_bytes;
  shape.scale_bytes = shape.int8 ? (shape.capacity * shape.head / KV_CACHE_GROUP * 2 + 15) / 16 * 16 : 0;
  shape.codes_bytes = shape.pairs * shape.pair_bytes;
  return shape;
}

/* NULL, or why no kernel computes such a case. */
static const char *why_not(const struct kv_shape *shape) {
  if (shape->head % 8) return "head must be a multiple of 8";
  if (shape->int8 && shape->head % (2 * KV_CACHE_GROUP))
    return "an int8 cache is written two scales at a time: head must be a multiple of 64";
  if (shape->position + shape->rows > shape->capacity) return "position + rows exceed kv, the positions of the cache";
  return NULL;
}

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  const struct kv_shape shape = kv_shape_of(kase, technique->id);
  const char *refusal = why_not(&shape);
  if (refusal) return error_set(err, ERROR_INPUT, "%s: %s", technique->id, refusal);
  list->tensor[KV_X] = (struct tensor){"x", TENSOR_INPUT, shape.tokens * shape.x_row};
  if (shape.rope) list->tensor[KV_ANGLES] = (struct tensor){"angles", TENSOR_INPUT, shape.tokens * shape.angle_row};
  const uint64_t cache_bytes = shape.codes_bytes + shape.pairs * shape.scale_bytes;
  list->tensor[shape.cache] = (struct tensor){"cache", TENSOR_OUTPUT, cache_bytes};
  list->n = shape.cache + 1;
  return true;
}

static double elements_of(const struct kernel_case *kase) {
  const double tokens = (double)kase->dim[DIM_BATCH] * (double)kase->dim[DIM_ROWS];
  return tokens * (double)kase->dim[DIM_KV_HEADS] * (double)kase->dim[DIM_HEAD];
}

/* Three for the turn, one for the scale. No op here is bound by arithmetic. */
static double flops(const struct kernel_case *kase) { return 4 * elements_of(kase); }

static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  const struct kv_shape shape = kv_shape_of(kase, technique->id);
  const double angles = shape.rope ? (double)(shape.tokens * shape.angle_row) : 0;
  return elements_of(kase) * (sizeof(float) + (shape.int8 ? 1 + 2.0 / KV_CACHE_GROUP : 2)) + angles;
}

/* One row and many, at the first, at odd and at the last positions of caches of odd lengths; one head and several;
 * heads of all sizes; positions at the far end of a long context. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 1, 0, 1, 1, 64}, {1, 1, 4095, 4099, 1, 64}, {1, 1, 131071, 131072, 1, 8}, {1, 1, 16383, 16384, 1, 128},
  {2, 3, 5, 13, 3, 64}, {1, 7, 6, 13, 2, 128}, {3, 1, 2, 5, 4, 128}, {1, 33, 0, 33, 3, 192}, {2, 5, 1, 9, 1, 256},
  {1, 9, 3, 12, 5, 72}, {2, 4, 0, 7, 2, 80}, {1, 3, 1, 5, 8, 64}, {1, 17, 31, 129, 9, 64},
  {1, 2, 131070, 131072, 1, 64}, {0},
};

const struct family kv_cache_family = {
  .name = "kv_cache",
  .summary = "new keys and values into the KV cache: stored, quantised, turned on the way",
  .dims = {
    [DIM_BATCH] = {"batch", "b", 1, 1 << 16, 1},
    [DIM_ROWS] = {"rows", "r", 1, 1 << 20, 0},
    [DIM_POSITION] = {"position", "p", 0, 1 << 24, 0},
    [DIM_KV] = {"kv", "kv", 1, 1 << 24, 0},
    [DIM_KV_HEADS] = {"kv_heads", "g", 1, 1 << 10, 0},
    [DIM_HEAD] = {"head", "d", 8, 1 << 10, 0},
  },
  .n_dims = KV_DIMS,
  .techniques = techniques,
  .n_techniques = sizeof techniques / sizeof techniques[0],
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = kv_fill,
  .reference = kv_reference,
  .values = kv_values,
  .decode = kv_decode,
  .proof_shapes = proof_shapes,
};
