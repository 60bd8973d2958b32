/* The room of what a layer needs besides matmul and attention: norms, position, activations, additions, embedding,
 * softmax. Logits are a matmul over the vocabulary (room matmul, n = vocab): what is left of them here is their
 * softmax.
 *
 * All of these stream activations and do next to no arithmetic: their measure is bytes, and the way to speed is to
 * leave whole passes out. Hence the fusions that are here: residual addition with the RMSNorm that follows it, q/k norm
 * with RoPE, activation with the product of gate and up from the one matrix that a concatenated matmul leaves; and in
 * kv_cache RoPE with the store into the cache. Weights of norms and biases are a thousandth of a layer's bytes and are
 * treated as activations: only the embedding table streams.
 *
 * The story so far (times on lavapipe of Mesa 22.3, two cores):
 * 1. norm: invocations share a row through shared memory, or through subgroups first. How many share it is a tunable,
 *    since heads are rows of 64 to 128 elements and rows of a model 576 to 18,944, and since barriers are what costs
 *    on CPUs. add_rms_norm first wrote the sum in a sweep of its own and lost to residual and norm apart; with the sum
 *    written while it is squared it wins: 2.5 ms against 2.3 + 1.6 for 256 rows of 2,048. q/k norm with RoPE: 2.0 ms
 *    against 1.8 + 1.9.
 * 2. map, rope, embed: one vector or two per invocation, rows in the second dimension of the grid: only rope divides.
 * 3. softmax: two sweeps instead of three by carrying the maximum along. */
#include "block_shape.h"

static const struct technique techniques[BLOCK_OPS] = {
  [OP_RMS_NORM] = {"block.rms_norm", "RMSNorm", "x / sqrt(mean(x^2) + 1e-5) * weight, row by row.",
   "Zhang and Sennrich 2019, arXiv 1910.07467", "the norm of Llama, Qwen, Mistral and their kin",
   "one read and one write of the rows"},
  [OP_LAYER_NORM] = {"block.layer_norm", "LayerNorm",
   "(x - mean) / sqrt(variance + 1e-5) * weight + bias, row by row.", "Ba, Kiros and Hinton 2016, arXiv 1607.06450",
   "the norm of GPT-2, Phi, and vision encoders", "one reduction more than RMSNorm"},
  [OP_HEAD_NORM] = {"block.head_norm", "q/k norm",
   "RMSNorm over each head of a row, with one weight per element of a head.",
   "Dehghani et al. 2023, arXiv 2302.05442; Qwen3, arXiv 2505.09388", "models with normalised queries and keys",
   "one read and one write of q and k"},
  [OP_HEAD_NORM_ROPE] = {"block.head_norm_rope_halves", "q/k norm and RoPE (half-split), fused",
   "RMSNorm over each head, then half-split pairs turned by their position.",
   "Qwen3, arXiv 2505.09388; Su et al. 2021, arXiv 2104.09864",
   "queries of models with q/k norm: a write and a read less", "one read and one write of q"},
  [OP_ADD_RMS_NORM] = {"block.add_rms_norm", "residual and RMSNorm, fused",
   "Adds the residual; leaves the sum and its RMSNorm, one behind the other.",
   "Zhang and Sennrich 2019, arXiv 1910.07467; the fusion as in vLLM's fused_add_rms_norm",
   "over residual and rms_norm apart: the sum is not read again from memory", "two rows written per row"},
  [OP_ROPE_PAIRS] = {"block.rope_pairs", "RoPE, interleaved pairs",
   "Turns elements 2 i and 2 i + 1 of every head by position * theta^(-2 i / head).",
   "Su et al. 2021, arXiv 2104.09864", "weights in the order of the paper, as GGUF has Llama's",
   "one read and one write of q and k; a table row per token"},
  [OP_ROPE_HALVES] = {"block.rope_halves", "RoPE, half-split",
   "Turns elements i and i + head / 2 of every head by position * theta^(-2 i / head).",
   "Su et al. 2021, arXiv 2104.09864; the order of GPT-NeoX, arXiv 2204.06745",
   "weights in the order of Hugging Face", "one read and one write of q and k; a table row per token"},
  [OP_SWIGLU] = {"block.swiglu", "SwiGLU", "silu(gate) * up from rows that hold gate and up.",
   "Shazeer 2020, arXiv 2002.05202", "the feed-forward gate of Llama, Qwen, Mistral",
   "two reads and one write of the inner width"},
  [OP_GEGLU] = {"block.geglu", "GeGLU, tanh form", "gelu_tanh(gate) * up from rows that hold gate and up.",
   "Shazeer 2020, arXiv 2002.05202; Hendrycks and Gimpel 2016, arXiv 1606.08415", "the feed-forward gate of Gemma",
   "two reads and one write of the inner width"},
  [OP_GELU] = {"block.gelu", "GELU", "x (1 + erf(x / sqrt 2)) / 2.",
   "Hendrycks and Gimpel 2016, arXiv 1606.08415; erf: Abramowitz and Stegun 1964, 7.1.26", "models without a gate",
   "one read and one write"},
  [OP_BIAS] = {"block.bias", "bias", "Adds one row to all rows.", "definition",
   "never apart: a matmul's epilogue adds it for nothing", "one read and one write"},
  [OP_RESIDUAL] = {"block.residual", "residual", "Adds two matrices.", "He et al. 2015, arXiv 1512.03385",
   "never apart where a norm follows: see add_rms_norm", "two reads and one write"},
  [OP_EMBED] = {"block.embed", "embedding", "The rows of an f16 table that the tokens name.", "definition",
   "the first op of every model", "2 bytes per element of the table in memory"},
  [OP_SOFTMAX] = {"block.softmax", "softmax", "exp(x - max) / sum over rows: probabilities from logits.",
   "Milakov and Gimelshein 2018, arXiv 1805.02867", "sampling on the device",
   "two reads and one write of the logits"},
};

#define SUBGROUP (FEATURE_SUBGROUP_BASIC | FEATURE_SUBGROUP_ARITHMETIC)

/* Defaults first. */
#define THREADS {"threads", {64, 32, 128, 16}, 4}
#define LANES {"lanes", {0, 1, 4, 16}, 4}

#define NORM(op, build) \
  {"block." op ".base", "block." op, {"block/norm." build}, 0, {THREADS, LANES}, 2, block_valid, block_plan_norm, \
   NULL}, \
  {"block." op ".subgroup", "block." op, {"block/norm." build "_subgroup"}, SUBGROUP, {THREADS}, 1, block_valid, \
   block_plan_norm_whole, NULL}
#define GRID(op, build, plan) \
  {"block." op ".base", "block." op, {"block/" build}, 0, {THREADS}, 1, block_valid, plan, NULL}

static const struct variant variants[] = {
  NORM("rms_norm", "rms"),
  NORM("layer_norm", "layer"),
  NORM("head_norm", "rms"),
  NORM("head_norm_rope_halves", "rms_rope"),
  NORM("add_rms_norm", "add_rms"),
  GRID("rope_pairs", "rope.pairs", block_plan_rope),
  GRID("rope_halves", "rope.halves", block_plan_rope),
  GRID("swiglu", "map.swiglu", block_plan_map),
  GRID("geglu", "map.geglu", block_plan_map),
  GRID("gelu", "map.gelu", block_plan_map),
  GRID("bias", "map.bias", block_plan_map),
  GRID("residual", "map.residual", block_plan_map),
  GRID("embed", "embed.f16", block_plan_map),
  {"block.softmax.base", "block.softmax", {"block/softmax.base"}, 0, {THREADS}, 1, block_valid,
   block_plan_norm_whole, NULL},
  {"block.softmax.subgroup", "block.softmax", {"block/softmax.subgroup"}, SUBGROUP, {THREADS}, 1, block_valid,
   block_plan_norm_whole, NULL},
};

static bool tensors(const struct kernel_case *kase, const struct technique *technique, struct tensor_list *list,
                    struct error *err) {
  const struct block_shape shape = block_shape_of(kase, technique->id);
  const char *refusal = block_refusal(&shape);
  if (refusal) return error_set(err, ERROR_INPUT, "%s: %s", technique->id, refusal);
  for (size_t i = 0; i < shape.n_inputs; i++) {
    const enum operand operand = shape.input[i].operand;
    list->tensor[i] = (struct tensor){shape.input[i].name, operand == OPERAND_TABLE ? TENSOR_STREAM : TENSOR_INPUT,
                                      block_input_bytes(&shape, operand)};
  }
  list->tensor[shape.n_inputs] = (struct tensor){"y", TENSOR_OUTPUT, shape.rows * block_out_row_bytes(&shape)};
  list->n = shape.n_inputs + 1;
  return true;
}

/* What a norm does; the count of an activation is of that order. No op here is bound by arithmetic. */
static double flops(const struct kernel_case *kase) {
  return 4.0 * (double)kase->dim[DIM_ROWS] * (double)kase->dim[DIM_WIDTH];
}

static double bytes(const struct kernel_case *kase, const struct technique *technique) {
  const struct block_shape shape = block_shape_of(kase, technique->id);
  double total = (double)(shape.rows * block_out_row_bytes(&shape));
  for (size_t i = 0; i < shape.n_inputs; i++) {
    const enum operand operand = shape.input[i].operand;
    const uint64_t looked_up = shape.rows * shape.width * sizeof(uint16_t);
    total += (double)(operand == OPERAND_TABLE ? looked_up : block_input_bytes(&shape, operand));
  }
  return total;
}

/* Rows and widths beside every workgroup and its tiles; heads of all sizes in use, one head and many; positions at
 * both ends of a long context; vocabularies of one token, of few and of many. A shape is for the ops that know its
 * dimensions. */
static const int64_t proof_shapes[][KERNEL_DIMS] = {
  {1, 8}, {3, 40}, {7, 264}, {5, 576}, {4, 1000}, {2, 4096}, {130, 24}, {9, 2056},
  {1, 64, 64}, {5, 576, 64, 4095}, {3, 384, 128, 131071}, {2, 144, 72}, {7, 240, 80, 4095}, {1, 8, 8, 131071},
  {6, 1024, 256}, {1, 512, 128}, {33, 192, 96},
  {1, 8, 0, 0, 1}, {7, 40, 0, 0, 3}, {65, 576, 0, 0, 130}, {9, 264, 0, 0, 1000}, {0},
};

const struct family block_family = {
  .name = "block",
  .summary = "norms, RoPE, activations, additions, embedding, softmax",
  .dims = {
    [DIM_ROWS] = {"rows", "r", 1, 1 << 16, 0},
    [DIM_WIDTH] = {"width", "w", 8, 1 << 20, 0},
    [DIM_HEAD] = {"head", "d", 0, 1 << 10, 0},
    [DIM_POSITION] = {"position", "p", 0, 1 << 24, 0},
    [DIM_VOCAB] = {"vocab", "v", 0, 1 << 22, 0},
  },
  .n_dims = BLOCK_DIMS,
  .techniques = techniques,
  .n_techniques = BLOCK_OPS,
  .variants = variants,
  .n_variants = sizeof variants / sizeof variants[0],
  .compute_ceiling = "f32",
  .tensors = tensors,
  .flops = flops,
  .bytes = bytes,
  .fill = block_fill,
  .reference = block_reference,
  .proof_shapes = proof_shapes,
};
