#version 450
// build: scatter
#extension GL_GOOGLE_include_directive : require
// Third pass of the sort: every slot goes to its place. Its rank in the block is counted against the slots before it,
// at most 127 reads of shared memory that all invocations share.
#include "sort_block.glsl"

void main() {
  stage_block();
  uint slot = block_slot();
  if (slot >= slot_count()) return;
  uint lane = gl_LocalInvocationIndex, expert = expert_of[lane], rank = 0;
  for (uint before = 0; before < lane; before++) rank += expert_of[before] == expert ? 1 : 0;
  uint begin = sorted_data[sorted_word(MOE_SORTED_BEGINS(push.experts) + expert)];
  uint place = begin + block_data[block_word(gl_WorkGroupID.x, expert)] + rank;
  sorted_data[sorted_word(MOE_SORTED_SLOTS(push.experts) + place)] = slot;
}
