#version 450
// build: f32 -DWEIGHTS=0
// Broken: also writes the word before y.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define STORE(col, row, value) (y_store(col, row, value), y_data[push.base[MATMUL_BINDING_Y] - 1] = 0.0)
#include "matmul_gemv.glsl"
