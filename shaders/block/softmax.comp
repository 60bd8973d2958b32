#version 450
// Softmax over rows, of the logits: a workgroup per row.
//
// Idea: one sweep carries the maximum and the sum under it (Milakov and Gimelshein 2018); a second writes. A sweep for
// the maximum alone would read the row, half a megabyte of it, a third time.
//
// Cost: two reads and a write of every element, an exponential more wherever the maximum rises.
// Wins: many rows. A single row keeps one workgroup busy, whatever the device.
//
// build: base
// build: subgroup -DSUBGROUP
#extension GL_GOOGLE_include_directive : require
#define BINDINGS 2
#include "push.glsl"

layout(binding = 0, std430) readonly restrict buffer x_buffer { vec4 x_data[]; };
layout(binding = 1, std430) writeonly restrict buffer out_buffer { vec4 out_data[]; };

#define LANES gl_WorkGroupSize.x
#include "reduce.glsl"

void main() {
  const uint in_row = base[0] / 4 + gl_WorkGroupID.x * p.vectors, out_row = base[1] / 4 + gl_WorkGroupID.x * p.vectors;
  float top = BLOCK_LOWEST, sum = 0.0;
  for (uint v = gl_LocalInvocationID.x; v < p.vectors; v += THREADS) {
    const vec4 x = x_data[in_row + v];
    const float risen = max(max(top, max(x.x, x.y)), max(x.z, x.w));
    if (risen > top) sum *= exp(top - risen);
    top = risen;
    sum += dot(exp(x - top), vec4(1.0));
  }
  const float most = row_max(top);
  sum = row_sum(sum * exp(top - most));
  for (uint v = gl_LocalInvocationID.x; v < p.vectors; v += THREADS)
    out_data[out_row + v] = exp(x_data[in_row + v] - most) / sum;
}
