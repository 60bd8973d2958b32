// Residual and RMSNorm at its plainest, right as it stands, in the dispatches of block.add_rms_norm.base: the first of
// the invocations that share a row does it all. Each macro is one place where a kernel can go wrong.
#define BINDINGS 4
#include "block/push.glsl"

#ifndef SUMMED
#define SUMMED p.vectors               // vectors of a row in the sum of squares
#endif
#ifndef INVERSE
#define INVERSE p.inverse              // of the length that the sum is divided by
#endif
#ifndef NORMED
#define NORMED(x, residual) ((x) + (residual))
#endif

layout(constant_id = BLOCK_SPEC_LANES) const uint LANES = 64;
layout(binding = 0, std430) readonly buffer x_buffer { vec4 x_data[]; };
layout(binding = 1, std430) readonly buffer residual_buffer { vec4 residual_data[]; };
layout(binding = 2, std430) readonly buffer weight_buffer { vec4 weight_data[]; };
layout(binding = 3, std430) writeonly buffer out_buffer { vec4 out_data[]; };

vec4 x_of(uint row, uint v) { return x_data[base[0] / 4 + row * p.vectors + v]; }
vec4 residual_of(uint row, uint v) { return residual_data[base[1] / 4 + row * p.vectors + v]; }

void main() {
  const uint row = gl_GlobalInvocationID.x / LANES;
  if (gl_GlobalInvocationID.x % LANES != 0 || row >= p.rows) return;
  float squares = 0.0;
  for (uint v = 0; v < SUMMED; v++) {
    const vec4 x = NORMED(x_of(row, v), residual_of(row, v));
    squares += dot(x, x);
  }
  const float scale = inversesqrt(squares * INVERSE + BLOCK_EPSILON);
  for (uint v = 0; v < p.vectors; v++) {
    const uint at = base[3] / 4 + 2 * row * p.vectors + v;
    out_data[at] = x_of(row, v) + residual_of(row, v);
    out_data[at + p.vectors] = NORMED(x_of(row, v), residual_of(row, v)) * scale * weight_data[base[2] / 4 + v];
  }
}
