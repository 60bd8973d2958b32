#version 450
// build: f32 -DWEIGHTS=0
// Broken: adds to what y holds, which nobody has set.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "matmul/matmul.h"
layout(set = 0, binding = MATMUL_BINDING_Y) readonly buffer held_buffer { float y_held[]; };
#define HELD(col, row) y_held[push.base[MATMUL_BINDING_Y] + (col) * push.stride + push.column + (row)]
#define STORE(col, row, value) y_store(col, row, HELD(col, row) + (value))
#include "matmul_gemv.glsl"
