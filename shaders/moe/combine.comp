#version 450
// build: combine
#extension GL_GOOGLE_include_directive : require
// The sum of a token's slots, each with the router's weight, in the order of its slots: always the same, whatever the
// order of the experts. Cost: the grouped product is written and read once, topk + 1 rows per token.
#include "moe.h"

layout(local_size_x_id = MOE_SPEC_THREADS) in;
layout(push_constant) uniform push_block { moe_push push; };
layout(set = 0, binding = MOE_BINDING_ROUTING) readonly buffer routing_buffer { vec2 routing_data[]; };
layout(set = 0, binding = MOE_BINDING_PARTIAL) readonly buffer partial_buffer { float partial_data[]; };
layout(set = 0, binding = MOE_BINDING_COMBINED) writeonly buffer y_buffer { float y_data[]; };

void main() {
  uint row = gl_GlobalInvocationID.x, token = gl_WorkGroupID.y;
  if (row >= push.n) return;
  float sum = 0.0;
  for (uint slot = token * push.topk; slot < (token + 1) * push.topk; slot++) {
    float weight = routing_data[push.base[MOE_BINDING_ROUTING] / 2 + slot].y;
    sum += weight * partial_data[push.base[MOE_BINDING_PARTIAL] + slot * push.n + row];
  }
  y_data[push.base[MOE_BINDING_COMBINED] + token * push.n + row] = sum;
}
