// Bindings of the stable counting sort of slots by expert. Slots are dealt to blocks of MOE_SORT_BLOCK; the place of a
// slot is where its expert begins, plus the expert's slots in earlier blocks (scan.comp), plus those before it in its
// own block (scatter.comp). No atomic decides an order, so the result is the same in every run.
#ifndef MOE_SORT_GLSL
#define MOE_SORT_GLSL

#include "moe.h"

layout(local_size_x_id = MOE_SPEC_THREADS) in;
layout(push_constant) uniform push_block { moe_push push; };
layout(set = 0, binding = MOE_BINDING_ROUTING) readonly buffer routing_buffer { vec2 routing_data[]; };
layout(set = 0, binding = MOE_BINDING_BLOCKS) buffer block_buffer { uint block_data[]; };
layout(set = 0, binding = MOE_BINDING_SORTED) buffer sorted_buffer { uint sorted_data[]; };

uint slot_count() { return push.tokens * push.topk; }
uint slot_expert(uint slot) {
  return min(uint(routing_data[push.base[MOE_BINDING_ROUTING] / 2 + slot].x), push.experts - 1);
}
uint block_word(uint block, uint expert) { return push.base[MOE_BINDING_BLOCKS] + block * push.experts + expert; }
uint sorted_word(uint at) { return push.base[MOE_BINDING_SORTED] + at; }

#endif
