// Bindings, loads and the store of the kernels that add the expand in the base's epilogue.
#ifndef ADAPTER_FUSED_GLSL
#define ADAPTER_FUSED_GLSL

#include "adapter.h"
#include "common/weights.glsl"

#ifdef HAS_SCALES
#define SCALES_BINDING ADAPTER_FUSED_BINDINGS
#define FACTOR_BINDING (ADAPTER_FUSED_BINDINGS + 1)
#else
#define FACTOR_BINDING ADAPTER_FUSED_BINDINGS
#endif
#ifdef DORA
#define BINDINGS (FACTOR_BINDING + 1)
#else
#define BINDINGS FACTOR_BINDING
#endif

layout(push_constant) uniform push { uint base[BINDINGS]; adapter_params p; };
layout(set = 0, binding = ADAPTER_FUSED_X) readonly buffer x_buffer { vec4 x_data[]; };
layout(set = 0, binding = ADAPTER_FUSED_W) readonly buffer w_buffer { uvec4 w_data[]; };
layout(set = 0, binding = ADAPTER_FUSED_Y) writeonly buffer y_buffer { float y_data[]; };
#ifdef HAS_SCALES
layout(set = 0, binding = SCALES_BINDING) readonly buffer scales_buffer { uint scales_data[]; };
#endif
#ifdef DORA
layout(set = 0, binding = FACTOR_BINDING) readonly buffer factor_buffer { float factor_data[]; };
#endif

#define V_BINDING ADAPTER_FUSED_V
#define B_BINDING ADAPTER_FUSED_B
#include "rank.glsl"

uint groups() { return group_count(p.k); }

// Index of the first vec4 of a row of x, and of the first chunk of a row of W.
uint x_begin(uint col) { return base[ADAPTER_FUSED_X] / 4 + col * groups() * GROUP_VECS; }
uint w_begin(uint row) { return base[ADAPTER_FUSED_W] / 4 + row * groups() * GROUP_CHUNKS; }

// The step of a group of weights; 1 for formats that have none.
float step_load(uint row, uint group) {
#ifdef HAS_SCALES
  uint index = row * groups() + group;
  return scale_decode(scales_data[base[SCALES_BINDING] + scale_word(index)], index).x;
#else
  return 1.0;
#endif
}

void y_store(uint adapter, uint col, uint row, float value) {
#ifdef DORA
  value *= factor_data[base[FACTOR_BINDING] + adapter * p.stride + p.column + row];
#endif
  y_data[base[ADAPTER_FUSED_Y] + col * p.stride + p.column + row] = value;
}

#endif
