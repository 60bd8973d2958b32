#version 450
// build: f32 -DWEIGHTS=0
// Broken: a sum stops at the largest number of half precision.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define STORE(col, row, value) y_store(col, row, clamp(value, -65504.0, 65504.0))
#include "matmul_gemv.glsl"
