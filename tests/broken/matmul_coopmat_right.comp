#version 450
// needs: GL_KHR_cooperative_matrix
// build: int4_g32 -DWEIGHTS=3
// A control: one fragment at a time, otherwise as it should be.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "matmul_coopmat.glsl"
