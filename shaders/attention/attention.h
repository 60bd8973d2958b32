/* What the shaders of this room and its host code agree on; read by GLSL (VULKAN is defined there) and by C.
 *
 * Rows: the query heads that share one KV head lie side by side in Q and O, so one (sequence, KV head) pair owns
 * rows = (heads / kv_heads) * q consecutive rows of `head` floats; row r belongs to query r % q. A dispatch works
 * on a window: some whole pairs, or some rows of one pair. */
#ifndef ATTENTION_H
#define ATTENTION_H

/* constant_id; 0 is local_size_x */
#define ATTENTION_SPEC_HEAD 1     /* floats of a row: a multiple of 8, at most 256 */
#define ATTENTION_SPEC_KEYS 2     /* flash: keys per invocation and block */
#define ATTENTION_SPEC_PARTIAL 3  /* flash: 1 = write (max, sum, unnormalised output) of the split, 0 = the output */
#define ATTENTION_N_SPEC 4

/* Scores start here instead of at -infinity, whose differences would be NaN. */
#define ATTENTION_LOWEST (-1.0e38)

/* Elements of a quantised row that share a scale. */
#define ATTENTION_GROUP 32

/* Query rows per invocation of scores and weighted. */
#define ATTENTION_NAIVE_ROWS 4

/* Keys per trip of the loops over values: of weighted, and of flash by its rows (with 8 rows and 4 keys SwiftShader of
 * Chromium 156 takes minutes to compile, 2.5 s with 2 keys, 0.2 s with one). */
#define ATTENTION_UNROLL 4
#define ATTENTION_FLASH_UNROLL(rows) ((rows) > 4 ? 1 : 4)

#ifdef VULKAN
#define ATTENTION_WORD uint
#else
#include <stdint.h>
#define ATTENTION_WORD uint32_t
#endif

/* Push constants behind the words base[n_bindings]. */
struct attention_params {
  ATTENTION_WORD rows;       /* per pair in this window: also the stride of pairs in Q, O and scratch */
  ATTENTION_WORD first_row;  /* of the window within its pair */
  ATTENTION_WORD queries;
  ATTENTION_WORD keys;
  ATTENTION_WORD visible;    /* keys that query 0 attends */
  ATTENTION_WORD step;       /* more keys for each query after it: 1 causal, 0 not */
  ATTENTION_WORD chunk;      /* flash: keys per split, a multiple of the block */
  ATTENTION_WORD splits;
  ATTENTION_WORD scales;     /* halves from one pair's scales to the next */
  float scale;               /* of the scores */
};

#ifndef VULKAN
#include <assert.h>
static_assert(sizeof(struct attention_params) == 40, "the push block of io.glsl");
#endif
#undef ATTENTION_WORD

#endif
