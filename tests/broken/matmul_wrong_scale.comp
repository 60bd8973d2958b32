#version 450
// build: int8_g32 -DWEIGHTS=2
// Broken: every group but the first is scaled by its left neighbour's step.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define SCALE_GROUP(group) max((group), 1) - 1
#include "matmul_gemv.glsl"
