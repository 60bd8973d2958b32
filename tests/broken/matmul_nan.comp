#version 450
// build: f32 -DWEIGHTS=0
// Broken: the last row of the window is NaN.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define STORE(col, row, value) y_store(col, row, (row) + 1 == push.n ? uintBitsToFloat(0x7FC00000u) : (value))
#include "matmul_gemv.glsl"
