// RoPE at its plainest, right as it stands, in the dispatches of block.rope_halves.base: element by element.
#define BINDINGS 3
#include "block/push.glsl"

#ifndef PARTNER
#define PARTNER(i, half_head) ((i) < (half_head) ? (i) + (half_head) : (i) - (half_head))
#endif
#ifndef ANGLE_ROW
#define ANGLE_ROW(row) (row)
#endif

#ifndef X_ACCESS
#define X_ACCESS readonly
#endif
#ifndef TURNED
#define TURNED(at, value) (value)                    // what is stored there
#endif

layout(binding = 0, std430) X_ACCESS buffer x_buffer { float x_data[]; };
layout(binding = 1, std430) readonly buffer angle_buffer { vec2 angle_data[]; };
layout(binding = 2, std430) writeonly buffer out_buffer { float out_data[]; };

void main() {
  const uint row = gl_WorkGroupID.y, width = 4 * p.vectors, head = 4 * p.head_vectors, half_head = head / 2;
  for (uint column = 8 * gl_GlobalInvocationID.x; column < min(8 * gl_GlobalInvocationID.x + 8, width); column++) {
    const uint i = column % head, start = row * width + column - i;
    const vec2 turn = angle_data[base[1] / 2 + ANGLE_ROW(row) * half_head + i % half_head];
    const float own = x_data[base[0] + start + i], other = x_data[base[0] + start + PARTNER(i, half_head)];
    out_data[base[2] + start + i] = TURNED(start + i, own * turn.x + (i < half_head ? -other : other) * turn.y);
  }
}
