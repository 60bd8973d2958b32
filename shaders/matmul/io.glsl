// Bindings, loads and the store of every matmul kernel.
#ifndef MATMUL_IO_GLSL
#define MATMUL_IO_GLSL

#include "common/weights.glsl"
#include "matmul.h"

layout(push_constant) uniform push_block { matmul_push push; };
layout(set = 0, binding = MATMUL_BINDING_X) readonly buffer x_buffer { vec4 x_data[]; };
layout(set = 0, binding = MATMUL_BINDING_W) readonly buffer w_buffer { uvec4 w_data[]; };
layout(set = 0, binding = MATMUL_BINDING_Y) writeonly buffer y_buffer { float y_data[]; };

// Groups of 32 in a padded row.
uint groups() { return group_count(push.k); }

// Index of the first vec4 of a row of x.
uint x_row(uint col) { return push.base[MATMUL_BINDING_X] / 4 + col * groups() * GROUP_VECS; }

void y_store(uint col, uint row, float value) {
  y_data[push.base[MATMUL_BINDING_Y] + col * push.stride + push.column + row] = value;
}

#endif
