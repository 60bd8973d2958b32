/* What the shaders of this room and its host code agree on; read by GLSL (VULKAN is defined there) and by C.
 *
 * All tensors but the embedding table hold 32-bit floats, rows one behind the other. Widths and heads are multiples
 * of 8, so that every row begins at a multiple of 16 bytes and is walked in whole vectors. */
#ifndef BLOCK_H
#define BLOCK_H

/* constant_id; 0 is local_size_x */
#define BLOCK_SPEC_LANES 1   /* norm.comp: invocations that share a row, a power of two that divides the workgroup */

#define BLOCK_EPSILON 1.0e-5   /* of the norms: Llama 3 and SmolLM2 */
#define BLOCK_LOWEST (-1.0e38) /* maxima start here: differences of infinities would be NaN */

#ifdef VULKAN
#define BLOCK_WORD uint
#else
#include <stdint.h>
#define BLOCK_WORD uint32_t
#endif

/* Push constants behind the words base[n_bindings]: one window. */
struct block_params {
  BLOCK_WORD rows;          /* norms per head: heads, all rows together */
  BLOCK_WORD vectors;       /* vec4 in a row of the output */
  BLOCK_WORD head_vectors;  /* rope: vec4 in a head */
  BLOCK_WORD heads;         /* norms per head: in a row */
  BLOCK_WORD first_row;     /* embed: of the window; its tokens are bound whole */
  BLOCK_WORD first_token;   /* embed: the slice of the table that is bound */
  BLOCK_WORD tokens;
  float inverse;            /* norms: 1 / elements of a row */
};

#ifndef VULKAN
#include <assert.h>
static_assert(sizeof(struct block_params) == 32, "the push block of the shaders");
#endif
#undef BLOCK_WORD

#endif
