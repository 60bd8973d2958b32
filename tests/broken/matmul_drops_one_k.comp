#version 450
// build: f32 -DWEIGHTS=0
// Broken: one element in the middle of K is left out.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define SKIPS(k) ((k) == push.k / 2)
#include "matmul_gemv.glsl"
