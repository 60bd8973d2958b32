/* The room of attention: O = softmax(scale Q K^T + mask) V with scale = 1 / sqrt(head).
 *
 * Layouts: Q and O f32 [batch][heads][q][head]; K and V [batch][kv_heads][kv][head], as f16 or as int8 codes with an
 * f16 scale per 32 elements in tensors of their own, in which each (sequence, KV head) begins at a multiple of 16
 * bytes. The query heads of one KV head are neighbours and are computed together: K and V are read once per group.
 *
 * The story so far:
 * 1. naive: scores to memory, softmax over them, weights times V. Three passes and rows x keys floats of scratch. The
 *    baseline: close on short contexts, where the scores stay in the cache; lost beyond.
 * 2. flash: one pass, online softmax. An invocation is first a key (no reduction across lanes for a score), then four
 *    elements of the output. Rows per workgroup set how often K and V are read again.
 * 3. flash_split: the keys are cut into chunks that run side by side, then merged. For decode, where rows x KV heads
 *    are too few workgroups to fill a device.
 * Subgroup variants of 2 and 3 find the maximum of a block with one barrier instead of two.
 * On software drivers shared memory is plain memory and a barrier a switch of coroutines: decode over 4,096 keys of
 * f16 was faster with naive in every run there (lavapipe 22.3: 22 to 28 ms against 41 to 83; SwiftShader: 48 against
 * 156, then 75 against 91), prefill of 256 queries was not on SwiftShader (255 ms against 168). Two cores under load,
 * 2026-11-22, not taken in turn: rough figures. No GPU has been measured yet.
 * Queries staged in shared memory were dropped: their addresses are uniform anyway, and it made kernels larger. */
#include "attention_shape.h"

#include <string.h>

static const struct technique techniques[] = {
  {"attention.naive_f16", "attention, scores in memory, KV f16",
   "Scores, softmax and weighted sum as three passes over memory; keys and values in f16.",
   "Vaswani et al. 2017, arXiv 1706.03762, section 3.2.1",
   "short contexts whose scores stay in the cache; software drivers, where barriers are dear",
   "scratch of heads x q x kv floats"},
  {"attention.naive_int8", "attention, scores in memory, KV int8",
   "As naive_f16, with keys and values as int8 codes and an f16 scale per 32 elements.",
   "Vaswani et al. 2017, arXiv 1706.03762, section 3.2.1", "as naive_f16, with 17/32 of its KV traffic",
   "scratch of heads x q x kv floats; quality of an int8 KV cache"},
  {"attention.flash_f16", "flash attention, KV f16",
   "One pass over the keys with online softmax; the query heads of a KV head share each key; keys and values in f16.",
   "Dao et al. 2022, arXiv 2205.14135; Milakov and Gimelshein 2018, arXiv 1805.02867",
   "prefill, and decode of batches that fill the device", "no scratch"},
  {"attention.flash_int8", "flash attention, KV int8",
   "As flash_f16, with keys and values as int8 codes and an f16 scale per 32 elements.",
   "Dao et al. 2022, arXiv 2205.14135; Milakov and Gimelshein 2018, arXiv 1805.02867",
   "long contexts: 17/32 of the KV memory and traffic of f16", "no scratch; quality of an int8 KV cache"},
  {"attention.flash_split_f16", "flash attention, keys split, KV f16",
   "As flash_f16 over several chunks of the keys at once, whose results are merged by a second pass.",
   "Dao et al. 2023, Flash-Decoding for long-context inference", "decode of few sequences over long contexts",
   "scratch of heads x q x splits x (head + 4) floats; one launch more"},
  {"attention.flash_split_int8", "flash attention, keys split, KV int8",
   "As flash_int8 over several chunks of the keys at once, whose results are merged by a second pass.",
   "Dao et al. 2023, Flash-Decoding for long-context inference", "decode of few sequences over long contexts",
   "scratch of heads x q x splits x (head + 4) floats; one launch more; quality of an int8 KV cache"},
};

#define SUBGROUP (FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_ARITHMETIC)

/* Defaults first; 0 = derived from the shape by plan.c. */
#define ROWS {"rows", {0, 1, 4, 8, 16}, 5}
#define THREADS {"threads", {64, 32, 128}, 3}
#define KEYS {"keys", {1, 2, 4}, 3}
#define SPLITS {"splits", {0, 2, 4, 8, 16, 32, 64}, 7}

#define FLASH_BUILDS(build) \
  "attention/flash." build "_r1", "attention/flash." build "_r4", "attention/flash." build "_r8", \
  "attention/flash." build "_r16"
#define FLASH(build) {FLASH_BUILDS(build)}
#define SPLIT(build) {FLASH_BUILDS(build), "attention/merge.merge"}
#define NAIVE(format) {"attention/scores." format, "attention/softmax." format, "attention/weighted." format}

static const struct variant variants[] = {
  {"attention.naive_f16.base", "attention.naive_f16", NAIVE("f16"), 0, {{0}}, 0,
   attention_naive_valid_f16, attention_naive_plan, NULL},
  {"attention.naive_int8.base", "attention.naive_int8", NAIVE("int8"), 0, {{0}}, 0,
   attention_naive_valid_int8, attention_naive_plan, NULL},
  {"attention.flash_f16.base", "attention.flash_f16", FLASH("f16"), 0, {ROWS, THREADS, KEYS}, 3,
   attention_flash_valid_f16, attention_flash_plan, NULL},
  {"attention.flash_f16.subgroup", "attention.flash_f16", FLASH("f16_subgroup"), SUBGROUP, {ROWS, THREADS, KEYS}, 3,
   attention_flash_valid_f16, attention_flash_plan, NULL},
  {"attention.flash_int8.base", "attention.flash_int8", FLASH("int8"), 0, {ROWS, THREADS, KEYS}, 3,
   attention_flash_valid_int8, attention_flash_plan, NULL},
  {"attention.flash_int8.subgroup", "attention.flash_int8", FLASH("int8_subgroup"), SUBGROUP, {ROWS, THREADS, KEYS}, 3,
   attention_flash_valid_int8, attention_flash_plan, NULL},
  {"attention.flash_split_f16.base", "attention.flash_split_f16", SPLIT("f16"), 0, {ROWS, THREADS, KEYS, SPLITS}, 4,
   attention_flash_valid_f16, attention_split_plan, NULL},
  {"attention.flash_split_f16.subgroup", "attention.flash_split_f16", SPLIT("f16_subgroup"), SUBGROUP,
   {ROWS, THREADS, KEYS, SPLITS}, 4, attention_flash_valid_f16, attention_split_plan, NULL},
  {"attention.flash_split_int8.base", "attention.flash_split_int8", SPLIT("int8"), 0, {ROWS, THREADS, KEYS, SPLITS}, 4,
   attention_flash_valid_int8, attention_split_plan, NULL},
  {"attention.flash_split_int8.subgroup", "attention.flash_split_int8", SPLIT("int8_subgroup"), SUBGROUP,
   {ROWS, THREADS, KEYS, SPLITS}, 4, attention_flash_valid_int8, attention_split_plan, NULL},
};

struct attention_shape attention_shape_of(const struct kernel_case *kase, const char *technique_id) {
  const size_t length = strlen(technique_id);
  struct attention_shape shape = {
    .queries = (uint64_t)kase->dim[DIM_Q],
    .keys = (uint64_t)kase->dim[DIM_KV],
    .head = (uint64_t)kase->dim[DIM_HEAD],
    .heads = (uint64_t)kase->dim[DIM_HEADS],
    .kv_heads = (uint64_t)kase->dim[DIM_KV_HEADS],
    .pairs = (uint64_t)kase->dim[DIM_BATCH] * (uint64_t)kase->dim[DIM_KV_HEADS],
    .group = (uint64_t)kase->dim[DIM_HEADS] / (uint64_t)kase->dim[DIM_KV_HEADS],
    .causal = kase->dim[DIM_CAUSAL] != 0,
    .int8 = length >= 5 && strcmp(technique_id + length - 5, "_int8") == 0,
  };
  shape.out = shape.int8 ? TENSOR_V_SCALE + 1 : TENSOR_V + 1;
  shape.rows = shape.group * shape.queries;
  shape.query_bytes = shape.rows * shape.head * sizeof(float);
  const uint64_t elements = shape.keys * shape.head;
  shape.key_bytes = shape.int8 ? elements : 2 * elements;
  shape.scale_bytes = shape.int8 ? (2 * elements / ATTENTION_GROUP + 15) / 16 * 16 : 0;
  return shape;
}

const char *attention_refusal(const struct attention_shape *shape) {
  if (shape->group == 0 || shape->heads != shape->group * shape->kv_heads)
    return "heads must be a multiple of kv_heads";
  if (shape->head % 8 != 0) return "head must be a multiple of 8";
  if (shape->int8 && shape->head % ATTENTION_GROUP != 0)
    return "int8 keys need a head that is a multiple of 32, their scale group";
  if (shape->causal && shape->keys < shape->queries)
    return "causal attention needs kv >= q: query i attends the keys up to kv - q + i";
  return NULL;
}

uint64_t attention_visible(const struct attention_shape *shape, uint64_t query) {
  return shape->causal ? shape->keys - shape->queries + 1 + query : shape->keys;
}

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  const struct attention_shape shape = attention_shape_of(kase, technique->id);
  const char *refusal = attention_refusal(&shape);
  if (refusal) return error_set(err, ERROR_INPUT, "attention: %s", refusal);
  list->n = shape.out + 1;
  list->tensor[TENSOR_Q] = (struct tensor){"q", TENSOR_INPUT, shape.pairs * shape.query_bytes};
  list->tensor[TENSOR_K] = (struct tensor){"k", TENSOR_STREAM, shape.pairs * shape.key_bytes};
  list->tensor[TENSOR_V] = (struct tensor){"v", TENSOR_STREAM, shape.pairs * shape.key_bytes};
  if (shape.int8) {
    list->tensor[TENSOR_K_SCALE] = (struct tensor){"k_scale", TENSOR_STREAM, shape.pairs * shape.scale_bytes};
    list->tensor[TENSOR_V_SCALE] = (struct tensor){"v_scale", TENSOR_STREAM, shape.pairs * shape.scale_bytes};
  }
  list->tensor[shape.out] = (struct tensor){"o", TENSOR_OUTPUT, shape.pairs * shape.query_bytes};
  return true;
}

/* Two products of `head` per query and key attended: a causal prefill counts half of the square. */
static double flops(const struct kernel_case *kase) {
  const double q = (double)kase->dim[DIM_Q], kv = (double)kase->dim[DIM_KV];
  const double attended = kase->dim[DIM_CAUSAL] ? q * kv - q * (q - 1) / 2 : q * kv;
  return 4.0 * (double)kase->dim[DIM_BATCH] * (double)kase->dim[DIM_HEADS] * (double)kase->dim[DIM_HEAD] * attended;
}

static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  const struct attention_shape shape = attention_shape_of(kase, technique->id);
  return 2.0 * (double)shape.pairs * (double)(shape.query_bytes + shape.key_bytes + shape.scale_bytes);
}

/* batch, q, kv, heads, kv_heads, head, causal: query counts round the row tiles, key counts round the blocks (one key,
 * a partial block, one block exactly, a block and a key), groups that do and do not divide a tile, several heads. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 1, 1, 1, 1, 64, 1},
  {1, 1, 7, 4, 1, 64, 1},
  {1, 1, 33, 6, 2, 128, 1},
  {3, 1, 64, 9, 3, 64, 1},
  {1, 1, 129, 4, 1, 128, 0},
  {3, 1, 300, 4, 1, 64, 1},
  {1, 1, 300, 9, 3, 128, 1},
  {1, 3, 7, 6, 2, 64, 1},
  {3, 3, 33, 1, 1, 128, 0},
  {1, 3, 129, 9, 3, 64, 1},
  {1, 3, 300, 4, 1, 128, 0},
  {1, 8, 33, 4, 1, 64, 1},
  {3, 8, 64, 6, 2, 64, 0},
  {1, 8, 300, 1, 1, 128, 1},
  {1, 17, 1, 4, 1, 64, 0},
  {1, 17, 33, 9, 3, 64, 1},
  {3, 17, 129, 6, 2, 128, 1},
  {1, 17, 300, 4, 1, 64, 0},
  {1, 64, 7, 1, 1, 128, 0},
  {1, 64, 64, 4, 1, 64, 1},
  {1, 64, 129, 9, 3, 128, 1},
  {3, 64, 300, 1, 1, 64, 1},
  {1, 1, 1030, 1, 1, 64, 1},   /* long enough for the default to split both formats */
  {2, 1, 2000, 4, 1, 128, 0},
  {1, 3, 2050, 2, 1, 128, 1},  /* f16: the last split holds no key of query 0 */
  {1, 1, 65, 4, 1, 72, 1},     /* lanes that do not divide the workgroup */
  {1, 3, 33, 1, 1, 96, 1},
  {1, 1, 70, 6, 2, 256, 1},
  {0},
};

const struct family attention_family = {
  .name = "attention",
  .summary = "softmax(Q K^T / sqrt(head)) V",
  .dims = {
    [DIM_BATCH] = {"batch", "b", 1, 1 << 16, 1},
    [DIM_Q] = {"q", "q", 1, 1 << 20, 0},
    [DIM_KV] = {"kv", "kv", 1, 1 << 20, 0},
    [DIM_HEADS] = {"heads", "h", 1, 1 << 10, 0},
    [DIM_KV_HEADS] = {"kv_heads", "g", 1, 1 << 10, 0},
    [DIM_HEAD] = {"head", "d", 8, 256, 0},
    [DIM_CAUSAL] = {"causal", "c", 0, 1, 1},
  },
  .n_dims = ATTENTION_DIMS,
  .techniques = techniques,
  .n_techniques = sizeof techniques / sizeof techniques[0],
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = attention_fill,
  .reference = attention_reference,
  .proof_shapes = proof_shapes,
};
