#version 450
// Joins the splits of flash.comp (flash-decoding, Dao et al. 2023): each left (max, sum, unnormalised output); brought
// to the largest max they simply add up. A split that saw no key of a row has max ATTENTION_LOWEST
// and weighs exp(-huge) = 0.
//
// Cost: reads splits x (head + 4) floats per row, one launch more. Wins when splitting won more than that: decode.
//
// build: merge
#extension GL_GOOGLE_include_directive : require
#include "attention.h"

layout(local_size_x_id = 0) in;
layout(constant_id = ATTENTION_SPEC_HEAD) const uint HEAD = 64;
const uint LANES = HEAD / 4;

layout(push_constant, std430) uniform push {
  uint base[2];
  attention_params p;
};
layout(binding = 0, std430) readonly restrict buffer partial_buffer { vec4 partial[]; };
layout(binding = 1, std430) writeonly restrict buffer out_buffer { vec4 out_data[]; };

void main() {
  if (gl_GlobalInvocationID.x >= p.rows * LANES) return;
  const uint row = gl_WorkGroupID.z * p.rows + gl_GlobalInvocationID.x / LANES;
  const uint lane = gl_GlobalInvocationID.x % LANES;
  const uint record = base[0] / 4 + row * p.splits * (LANES + 1);

  float top = ATTENTION_LOWEST;
  for (uint i = 0; i < p.splits; i++) top = max(top, partial[record + i * (LANES + 1)].x);

  float sum = 0.0;
  vec4 o = vec4(0.0);
  for (uint i = 0; i < p.splits; i++) {
    const uint at = record + i * (LANES + 1);
    const float share = exp(partial[at].x - top);
    sum += share * partial[at].y;
    o += share * partial[at + 1 + lane];
  }
  out_data[base[1] / 4 + row * LANES + lane] = o / sum;
}
