// scatter.comp, right but for what a broken kernel redefines.
#include "moe/sort_block.glsl"

#ifndef COUNTS
#define COUNTS(other, lane) ((other) < (lane))   // which slots of the block are counted before a slot
#endif
#ifndef PLACED
#define PLACED(slot) (slot)                      // the slot that is put into a slot's place
#endif

void main() {
  stage_block();
  uint slot = block_slot();
  if (slot >= slot_count()) return;
  uint lane = gl_LocalInvocationIndex, expert = expert_of[lane], rank = 0;
  for (uint other = 0; other < MOE_SORT_BLOCK; other++)
    rank += COUNTS(other, lane) && expert_of[other] == expert ? 1 : 0;
  uint begin = sorted_data[sorted_word(MOE_SORTED_BEGINS(push.experts) + expert)];
  uint place = begin + block_data[block_word(gl_WorkGroupID.x, expert)] + rank;
  sorted_data[sorted_word(MOE_SORTED_SLOTS(push.experts) + place)] = PLACED(slot);
}
