/* Host-side quantisers: f32 weights -> the layout of layout.h, and back. Round to nearest, one group at a time, by the
 * rules of GGUF (ggml-quants.c, quantize_row_*_ref), so that weights read from a GGUF file and weights quantised here
 * agree bit by bit: int8_g32 is q8_0, int4_g32 is q4_0, int4z_g32 is q4_1 with scales kept apart. */
#ifndef QUANTIZE_H
#define QUANTIZE_H

#include <stdint.h>

#include "layout.h"

/* in: n rows of k floats, finite. w: n * w_row bytes, scales: layout_scale_bytes (not touched for f32 and f16). Padding
 * elements are stored as code 0 of the step of their group. */
void quantize_matrix(const struct layout *, const float *in, uint64_t n, uint64_t k, void *w, void *scales);
void quantize_decode(const struct layout *, const void *w, const void *scales, uint64_t n, uint64_t k, float *out);
/* What the format loses on these weights: sum (in - decoded)^2 / sum in^2; 0 when nothing is lost. */
double quantize_error(const struct layout *, const float *in, uint64_t n, uint64_t k, const void *w,
                      const void *scales);

#endif
