#version 450
// needs: GL_KHR_cooperative_matrix
// build: int4_g32 -DWEIGHTS=3
// Broken: rows of x beyond the last whole fragment are not stored.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define STORES(col, row) (col < push.m / SIDE_M * SIDE_M && row < push.n)
#include "matmul_coopmat.glsl"
