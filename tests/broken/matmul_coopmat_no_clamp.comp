#version 450
// needs: GL_KHR_cooperative_matrix
// build: int4_g32 -DWEIGHTS=3
// Broken: operands beyond the largest f16 become infinite.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define OPERAND(value) float16_t(value)
#include "matmul_coopmat.glsl"
