#version 450
// Rotary position embedding (Su et al. 2021): every pair of elements of a head is turned by position * theta^(-2 i /
// head).
//
// Idea: an invocation turns four pairs of one head. The cosines and sines come from a table with a row for each row of
// x, which the host makes once a step, in double, for all heads and layers: GLSL's own sin and cos are specified within
// [-pi, pi] only, and in f32 an angle at position 131,071 is right to 0.008.
// PAIRS: element 2 i turns with 2 i + 1 (the paper, GPT-J, GGUF's Llama). Else i turns with i + head / 2 (GPT-NeoX,
// Hugging Face).
//
// Cost: x once in and once out; the table is read by every head, from the cache. Wins: fused with what follows
// (kv_cache).
//
// build: pairs -DPAIRS
// build: halves
#extension GL_GOOGLE_include_directive : require
#define BINDINGS 3
#include "push.glsl"

layout(binding = 0, std430) readonly restrict buffer x_buffer { vec4 x_data[]; };
layout(binding = 1, std430) readonly restrict buffer angle_buffer { vec4 angle_data[]; };   // (cos, sin) of two pairs
layout(binding = 2, std430) writeonly restrict buffer out_buffer { vec4 out_data[]; };

void main() {
  const uint unit = gl_GlobalInvocationID.x, row = gl_WorkGroupID.y;   // eight elements each
  const uint units = p.head_vectors / 2;
  if (unit >= p.vectors / 2) return;

  const uint k = unit % units;
  const uint angle = base[1] / 4 + row * p.head_vectors + 2 * k;
  const vec4 low = angle_data[angle], high = angle_data[angle + 1];
  const vec4 c = vec4(low.xz, high.xz), s = vec4(low.yw, high.yw);

#ifdef PAIRS
  const uint first = row * p.vectors + 2 * unit, second = first + 1;
  const vec4 left = x_data[base[0] / 4 + first], right = x_data[base[0] / 4 + second];
  const vec4 a = vec4(left.xz, right.xz), b = vec4(left.yw, right.yw);
#else
  const uint first = row * p.vectors + unit / units * p.head_vectors + k, second = first + units;
  const vec4 a = x_data[base[0] / 4 + first], b = x_data[base[0] / 4 + second];
#endif
  const vec4 u = a * c - b * s, v = b * c + a * s;
#ifdef PAIRS
  out_data[base[2] / 4 + first] = vec4(u.x, v.x, u.y, v.y);
  out_data[base[2] / 4 + second] = vec4(u.z, v.z, u.w, v.w);
#else
  out_data[base[2] / 4 + first] = u;
  out_data[base[2] / 4 + second] = v;
#endif
}
