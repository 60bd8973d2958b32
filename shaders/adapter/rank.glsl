// The adapter's side of a product: v = s (A x) as shrink.comp left it, in parts that are summed here, and rows of B.
// V_BINDING and B_BINDING name the buffers.
#ifndef ADAPTER_RANK_GLSL
#define ADAPTER_RANK_GLSL

#include "common/unpack.glsl"

layout(set = 0, binding = V_BINDING) readonly buffer v_buffer { vec4 v_data[]; };
layout(set = 0, binding = B_BINDING) readonly buffer b_buffer { uvec4 b_data[]; };

// Loads of 8 elements in a padded row of B.
uint rank_chunks() { return (p.rank + ADAPTER_HALVES - 1) / ADAPTER_HALVES; }

// Elements 8 chunk .. 8 chunk + 7 of v of a row of x.
void v_load(uint row, uint chunk, out vec4 low, out vec4 high) {
  uint at = base[V_BINDING] / 4 + 2 * (row * p.splits * rank_chunks() + chunk);
  low = v_data[at];
  high = v_data[at + 1];
  for (uint split = 1; split < p.splits; split++) {
    at += 2 * rank_chunks();
    low += v_data[at];
    high += v_data[at + 1];
  }
}

// Elements 8 chunk .. 8 chunk + 7 of row `row` of this window in B.
void b_load(uint adapter, uint row, uint chunk, out vec4 low, out vec4 high) {
  uvec4 words = b_data[base[B_BINDING] / 4 + (adapter * p.stride + p.column + row) * rank_chunks() + chunk];
  low = unpack_half(words.xy);
  high = unpack_half(words.zw);
}

#endif
