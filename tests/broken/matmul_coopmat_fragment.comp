#version 450
// needs: GL_KHR_cooperative_matrix
// build: int4_g32 -DWEIGHTS=3
// Broken: the last fragment of K is left out.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define SKIPS(k) (k + SIDE_K >= push.k)
#include "matmul_coopmat.glsl"
