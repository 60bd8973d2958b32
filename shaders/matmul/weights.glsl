// Where the rows of w and their scales lie; the formats are those of common/weights.glsl.
#ifndef MATMUL_WEIGHTS_GLSL
#define MATMUL_WEIGHTS_GLSL

#include "io.glsl"

#ifdef HAS_SCALES
layout(set = 0, binding = MATMUL_BINDING_SCALES) readonly buffer scale_buffer { uint scale_data[]; };
#endif

// Index of the first chunk of a row of w.
uint w_row(uint row) { return push.base[MATMUL_BINDING_W] / 4 + row * groups() * GROUP_CHUNKS; }

// (d, z) of a group; (1, 0) for formats that have no scales.
vec2 scale_load(uint row, uint group) {
#ifdef HAS_SCALES
  uint index = row * groups() + group;
  return scale_decode(scale_data[push.base[MATMUL_BINDING_SCALES] + scale_word(index)], index);
#else
  return vec2(1.0, 0.0);
#endif
}

#endif
