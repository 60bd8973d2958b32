// The experts of a block of slots in shared memory, an invocation per slot.
#ifndef MOE_SORT_BLOCK_GLSL
#define MOE_SORT_BLOCK_GLSL

#include "sort.glsl"

shared uint expert_of[MOE_SORT_BLOCK];

uint block_slot() { return gl_WorkGroupID.x * MOE_SORT_BLOCK + gl_LocalInvocationIndex; }

// Slots beyond the last choose no expert.
void stage_block() {
  uint slot = block_slot();
  expert_of[gl_LocalInvocationIndex] = slot < slot_count() ? slot_expert(slot) : push.experts;
  barrier();
}

#endif
