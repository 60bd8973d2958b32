/* How weights, scales and activations lie in memory (weights.glsl is the GPU's side of it). Every row of w and of x is
 * padded to whole groups of 32 elements: x with zeros, w with any finite value. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdint.h>

#include "kernel.h"
#include "weights.h"

enum layout_format { LAYOUT_F32, LAYOUT_F16, LAYOUT_INT8_G32, LAYOUT_INT4_G32, LAYOUT_INT4Z_G32, LAYOUT_FORMATS };

struct layout {
  enum layout_format format;
  uint64_t groups;       /* of 32 elements in a row, the last one padded */
  uint64_t x_row;        /* bytes of a row of x */
  uint64_t w_row;        /* bytes of a row of w: codes only; a multiple of 16 */
  uint64_t scale_row;    /* bytes of a row of scales, 0: none; 8 rows are a multiple of 16 */
};

enum { LAYOUT_WINDOW_ROWS = 8 };   /* windows begin at multiples of these rows of w: 16-byte aligned scales */

/* The format whose name ends the technique's id: "matmul.int4_g32", "moe.grouped_int4_g32". */
enum layout_format layout_format(const struct technique *);
struct layout layout_of(enum layout_format, uint64_t k);
/* Bytes of the scales of n rows, a multiple of 4. */
uint64_t layout_scale_bytes(const struct layout *, uint64_t n);

#endif
