#version 450
// build: f32 -DWEIGHTS=0
// Broken: weight k meets element k + 1 of x; the last meets the last.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define X_ELEMENT(k) min((k) + 1, push.k - 1)
#include "matmul_gemv.glsl"
