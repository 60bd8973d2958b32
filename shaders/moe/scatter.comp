#version 450
// build: scatter
#extension GL_GOOGLE_include_directive : require
// Third pass of the sort: every slot goes to its place. Its rank in the block is counted against the slots before it, at
// most 127 reads of shared memory that all invocations share.
#include "sort.glsl"

shared uint expert_of[MOE_SORT_BLOCK];

void main() {
  uint lane = gl_LocalInvocationIndex, block = gl_WorkGroupID.x, slot = block * MOE_SORT_BLOCK + lane;
  uint expert = slot_expert(min(slot, slot_count() - 1));
  expert_of[lane] = expert;
  barrier();
  if (slot >= slot_count()) return;
  uint rank = 0;
  for (uint before = 0; before < lane; before++) rank += expert_of[before] == expert ? 1 : 0;
  uint begin = sorted_data[sorted_word(MOE_SORTED_BEGINS(push.experts) + expert)];
  sorted_data[sorted_word(MOE_SORTED_SLOTS(push.experts) + begin + block_data[block_word(block, expert)] + rank)] = slot;
}
