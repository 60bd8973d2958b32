#version 450
// build: f32 -DWEIGHTS=0
// Broken: also writes the word after y.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define END (push.base[MATMUL_BINDING_Y] + push.m * push.stride)
#define STORE(col, row, value) (y_store(col, row, value), y_data[END] = 0.0)
#include "matmul_gemv.glsl"
