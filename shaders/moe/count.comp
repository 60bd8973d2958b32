#version 450
// build: count
#extension GL_GOOGLE_include_directive : require
// First pass of the sort: how many slots of a block chose each expert. Integer atomics in shared memory: sums, whose
// order does not matter.
#include "sort.glsl"

shared uint count[MOE_MAX_EXPERTS];

void main() {
  uint block = gl_WorkGroupID.x, slot = block * MOE_SORT_BLOCK + gl_LocalInvocationIndex;
  for (uint e = gl_LocalInvocationIndex; e < push.experts; e += gl_WorkGroupSize.x) count[e] = 0;
  barrier();
  if (slot < slot_count()) atomicAdd(count[slot_expert(slot)], 1u);
  barrier();
  for (uint e = gl_LocalInvocationIndex; e < push.experts; e += gl_WorkGroupSize.x) block_data[block_word(block, e)] = count[e];
}
