#include "block_shape.h"

#include <string.h>

static const struct {
  const char *technique;
  struct block_input input[BLOCK_INPUTS];
} ops[BLOCK_OPS] = {
  [OP_RMS_NORM] = {"block.rms_norm", {{"x", OPERAND_ROWS}, {"weight", OPERAND_SCALE}}},
  [OP_LAYER_NORM] = {"block.layer_norm", {{"x", OPERAND_ROWS}, {"weight", OPERAND_SCALE}, {"bias", OPERAND_SHIFT}}},
  [OP_HEAD_NORM] = {"block.head_norm", {{"x", OPERAND_ROWS}, {"weight", OPERAND_HEAD_SCALE}}},
  [OP_HEAD_NORM_ROPE] = {"block.head_norm_rope_halves",
                         {{"x", OPERAND_ROWS}, {"weight", OPERAND_HEAD_SCALE}, {"angles", OPERAND_ANGLES}}},
  [OP_ADD_RMS_NORM] = {"block.add_rms_norm",
                       {{"x", OPERAND_ROWS}, {"residual", OPERAND_ROWS}, {"weight", OPERAND_SCALE}}},
  [OP_ROPE_PAIRS] = {"block.rope_pairs", {{"x", OPERAND_ROWS}, {"angles", OPERAND_ANGLES}}},
  [OP_ROPE_HALVES] = {"block.rope_halves", {{"x", OPERAND_ROWS}, {"angles", OPERAND_ANGLES}}},
  [OP_SWIGLU] = {"block.swiglu", {{"gate_up", OPERAND_GATED}}},
  [OP_GEGLU] = {"block.geglu", {{"gate_up", OPERAND_GATED}}},
  [OP_GELU] = {"block.gelu", {{"x", OPERAND_ROWS}}},
  [OP_BIAS] = {"block.bias", {{"x", OPERAND_ROWS}, {"bias", OPERAND_SHIFT}}},
  [OP_RESIDUAL] = {"block.residual", {{"x", OPERAND_ROWS}, {"residual", OPERAND_ROWS}}},
  [OP_EMBED] = {"block.embed", {{"tokens", OPERAND_TOKENS}, {"table", OPERAND_TABLE}}},
  [OP_SOFTMAX] = {"block.softmax", {{"x", OPERAND_ROWS}}},
};

static enum block_op op_of(const char *technique_id) {
  enum block_op op = 0;
  while (op < BLOCK_OPS - 1 && strcmp(ops[op].technique, technique_id) != 0) op++;
  return op;
}

struct block_shape block_shape_of(const struct kernel_case *kase, const char *technique_id) {
  struct block_shape shape = {
    .op = op_of(technique_id),
    .rows = (uint64_t)kase->dim[DIM_ROWS],
    .width = (uint64_t)kase->dim[DIM_WIDTH],
    .head = (uint64_t)kase->dim[DIM_HEAD],
    .position = (uint64_t)kase->dim[DIM_POSITION],
    .vocab = (uint64_t)kase->dim[DIM_VOCAB],
  };
  shape.input = ops[shape.op].input;
  while (shape.n_inputs < BLOCK_INPUTS && shape.input[shape.n_inputs].operand) shape.n_inputs++;
  shape.out_rows = shape.op == OP_ADD_RMS_NORM ? 2 : 1;
  shape.norm_rows = shape.rows;
  shape.norm_width = shape.width;
  if ((shape.op == OP_HEAD_NORM || shape.op == OP_HEAD_NORM_ROPE) && shape.head) {
    shape.norm_rows = shape.rows * (shape.width / shape.head);
    shape.norm_width = shape.head;
  }
  return shape;
}

const char *block_refusal(const struct block_shape *shape) {
  const bool turns = shape->op == OP_ROPE_PAIRS || shape->op == OP_ROPE_HALVES || shape->op == OP_HEAD_NORM_ROPE;
  const bool heads = turns || shape->op == OP_HEAD_NORM;
  if (shape->width % BLOCK_VECTOR) return "width must be a multiple of 8";
  if (heads && (!shape->head || shape->head % BLOCK_VECTOR || shape->width % shape->head))
    return "head must be a multiple of 8 that divides width";
  if (!heads && shape->head) return "only rope and head_norm know heads";
  if (!turns && shape->position) return "only rope knows a position";
  if (shape->op == OP_EMBED && !shape->vocab) return "embed needs a vocab";
  if (shape->op != OP_EMBED && shape->vocab) return "only embed knows a vocab; the vocabulary of logits is their width";
  return NULL;
}

uint64_t block_row_bytes(const struct block_shape *shape, enum operand operand) {
  switch (operand) {
    case OPERAND_ROWS: return shape->width * sizeof(float);
    case OPERAND_GATED: return 2 * shape->width * sizeof(float);
    case OPERAND_ANGLES: return shape->head * sizeof(float);
    default: return 0;
  }
}

uint64_t block_input_bytes(const struct block_shape *shape, enum operand operand) {
  switch (operand) {
    case OPERAND_SCALE: case OPERAND_SHIFT: return shape->width * sizeof(float);
    case OPERAND_HEAD_SCALE: return shape->head * sizeof(float);
    case OPERAND_TOKENS: return shape->rows * sizeof(uint32_t);
    case OPERAND_TABLE: return shape->vocab * shape->width * sizeof(uint16_t);
    default: return shape->rows * block_row_bytes(shape, operand);
  }
}

uint64_t block_out_row_bytes(const struct block_shape *shape) { return shape->out_rows * shape->width * sizeof(float); }
