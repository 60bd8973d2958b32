/* A case of this room with all that follows from its dimensions; shared by the files of the room. */
#ifndef BLOCK_SHAPE_H
#define BLOCK_SHAPE_H

#include "block.h"
#include "kernel.h"

enum block_dim { DIM_ROWS, DIM_WIDTH, DIM_HEAD, DIM_POSITION, DIM_VOCAB, BLOCK_DIMS };

enum block_op {
  OP_RMS_NORM, OP_LAYER_NORM, OP_HEAD_NORM, OP_HEAD_NORM_ROPE, OP_ADD_RMS_NORM, OP_ROPE_PAIRS, OP_ROPE_HALVES,
  OP_SWIGLU, OP_GEGLU, OP_GELU, OP_BIAS, OP_RESIDUAL, OP_EMBED, OP_SOFTMAX, BLOCK_OPS
};

/* What an input holds. */
enum operand {
  OPERAND_NONE,
  OPERAND_ROWS,          /* [rows][width] */
  OPERAND_GATED,         /* [rows][gate: width, up: width] */
  OPERAND_ANGLES,        /* [rows][head / 2] of (cos, sin) */
  OPERAND_SCALE,         /* [width], around one */
  OPERAND_HEAD_SCALE,    /* [head], around one */
  OPERAND_SHIFT,         /* [width], around zero */
  OPERAND_TOKENS,        /* [rows] of 32-bit integers below vocab */
  OPERAND_TABLE,         /* [vocab][width] of f16; the one that streams */
};

enum { BLOCK_INPUTS = 3, BLOCK_VECTOR = 8 /* widths and heads are multiples of it */ };

struct block_input { const char *name; enum operand operand; };

struct block_shape {
  enum block_op op;
  uint64_t rows, width, head, vocab, position;
  const struct block_input *input;   /* the first n_inputs tensors; the output is the next */
  size_t n_inputs;
  uint64_t out_rows;                 /* rows of the output per row: 2 where the sum goes before the norm */
  uint64_t norm_rows, norm_width;    /* of the norms: heads are rows of their own */
};

/* Does not judge the shape. */
struct block_shape block_shape_of(const struct kernel_case *, const char *technique_id);
/* NULL, or why this op has no such shape. */
const char *block_refusal(const struct block_shape *);
/* Bytes that belong to one row of the case; 0: the input belongs to all rows. */
uint64_t block_row_bytes(const struct block_shape *, enum operand);
uint64_t block_input_bytes(const struct block_shape *, enum operand);
uint64_t block_out_row_bytes(const struct block_shape *);

/* plan.c: tunables `threads`, then of the norms without subgroups `lanes`, 0 = derived from the width. */
enum block_tunable { TUNE_THREADS, TUNE_LANES };
const char *block_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool block_plan_norm(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                     uint32_t min_windows, struct dispatch_plan *, struct error *);
bool block_plan_norm_whole(const struct variant *, const struct kernel_case *, const struct caps *,
                           const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool block_plan_map(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                    uint32_t min_windows, struct dispatch_plan *, struct error *);
bool block_plan_rope(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                     uint32_t min_windows, struct dispatch_plan *, struct error *);

/* fill.c, reference.c */
void block_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);
void block_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                     const uint64_t *index, size_t n, double *value, double *bound);

#endif
