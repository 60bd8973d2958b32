#version 450
// build: count
#extension GL_GOOGLE_include_directive : require
// First pass of the sort: how many slots of a block chose each expert. Every invocation counts for its experts, 128
// reads of shared memory that all invocations share: no atomics.
#include "sort_block.glsl"

void main() {
  stage_block();
  for (uint e = gl_LocalInvocationIndex; e < push.experts; e += gl_WorkGroupSize.x) {
    uint count = 0;
    for (uint i = 0; i < MOE_SORT_BLOCK; i++) count += expert_of[i] == e ? 1 : 0;
    block_data[block_word(gl_WorkGroupID.x, e)] = count;
  }
}
