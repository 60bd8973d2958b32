// Residual and RMSNorm in the rows of block.add_rms_norm.base, where an invocation stores what the opposite one of its
// workgroup has staged in shared memory, and the other way round. Between the two belongs BARRIER. The upper half comes
// late, after a sum that nobody needs: without the barrier the lower half finds nothing staged, or, where a driver runs
// the upper half first, the upper one does. Only a subgroup of 256, which no device has, would hide it.
#define BINDINGS 4
#include "block/block.h"

layout(local_size_x = 256) in;
layout(push_constant, std430) uniform push {
  uint base[BINDINGS];
  block_params p;
};
layout(binding = 0, std430) readonly buffer x_buffer { vec4 x_data[]; };
layout(binding = 1, std430) readonly buffer residual_buffer { vec4 residual_data[]; };
layout(binding = 2, std430) readonly buffer weight_buffer { vec4 weight_data[]; };
layout(binding = 3, std430) writeonly buffer out_buffer { vec4 out_data[]; };

shared vec4 stage[256];

vec4 sum_of(uint row, uint v) {
  const uint at = row * p.vectors + v;
  return x_data[base[0] / 4 + at] + residual_data[base[1] / 4 + at];
}

float squares_of(uint row) {
  float squares = 0.0;
  for (uint v = 0; v < p.vectors; v++) squares += dot(sum_of(row, v), sum_of(row, v));
  return squares;
}

void main() {
  const uint own = gl_LocalInvocationIndex, opposite = 255 - own;
  for (uint row = gl_WorkGroupID.x; row < p.rows; row += gl_NumWorkGroups.x) {
    const float scale = inversesqrt(squares_of(row) * p.inverse + BLOCK_EPSILON);
    for (uint begin = 0; begin < p.vectors; begin += 256) {
      barrier();
      stage[own] = vec4(0.0);
      barrier();
      float late = 0.0;
      if (own >= 128)
        for (uint i = 0; i < 20; i++) late = max(late, squares_of((row + i) % p.rows));
      if (late >= 0.0) stage[own] = begin + own < p.vectors ? sum_of(row, begin + own) : vec4(0.0);
      BARRIER;
      const uint v = begin + opposite, at = base[3] / 4 + 2 * row * p.vectors + v;
      if (v < p.vectors) {
        out_data[at] = sum_of(row, v);
        out_data[at + p.vectors] = stage[opposite] * scale * weight_data[base[2] / 4 + v];
      }
    }
  }
}
