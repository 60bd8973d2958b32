// Bindings, loads and the store of every kernel that multiplies by the matrices of experts.
#ifndef MOE_EXPERTS_GLSL
#define MOE_EXPERTS_GLSL

#include "common/weights.glsl"
#include "moe.h"

layout(push_constant) uniform push_block { moe_push push; };
layout(set = 0, binding = MOE_BINDING_X) readonly buffer x_buffer { vec4 x_data[]; };
layout(set = 0, binding = MOE_BINDING_W) readonly buffer w_buffer { uvec4 w_data[]; };
layout(set = 0, binding = MOE_BINDING_Y) buffer y_buffer { float y_data[]; };
#ifdef HAS_SCALES
layout(set = 0, binding = MOE_BINDING_SCALES) readonly buffer scale_buffer { uint scale_data[]; };
#endif

uint groups() { return group_count(push.k); }

// Whether an expert's matrix is bound in this window.
bool expert_here(uint expert) { return expert >= push.first_expert && expert < push.last_expert; }

// Index of the first vec4 of the row of x that belongs to a slot.
uint x_of_slot(uint slot) {
  uint row = push.down == 1 ? slot : slot / push.topk;
  return push.base[MOE_BINDING_X] / 4 + row * groups() * GROUP_VECS;
}

// Index of the first chunk of a row of an expert's matrix.
uint w_row(uint expert, uint row) {
  uint at = (expert - push.first_expert) * push.n + row - push.first_row;
  return push.base[MOE_BINDING_W] / 4 + at * groups() * GROUP_CHUNKS;
}

// (d, z) of a group; (1, 0) for formats that have no scales.
vec2 scale_load(uint expert, uint row, uint group) {
#ifdef HAS_SCALES
  uint index = (expert - push.first_expert) * push.scale_stride + (row - push.first_row) * groups() + group;
  return scale_decode(scale_data[push.base[MOE_BINDING_SCALES] + scale_word(index)], index);
#else
  return vec2(1.0, 0.0);
#endif
}

// at: a slot, or for the final sum of `down` a token.
void y_store(uint at, uint row, float value) { y_data[push.base[MOE_BINDING_Y] + at * push.n + row] = value; }

// The sums of `down` when windows cut the experts: the first window stores, the others add.
void y_add(uint token, uint row, float value) {
  uint index = push.base[MOE_BINDING_Y] + token * push.n + row;
  y_data[index] = push.first_expert == 0 ? value : y_data[index] + value;
}

#endif
