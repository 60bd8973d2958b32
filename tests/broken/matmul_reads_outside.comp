#version 450
// build: f32 -DWEIGHTS=0
// Broken: the last row of x is read behind the end of x, where the next row would be.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define X_COL(col) ((col) + 1 == push.m ? push.m : (col))
#include "matmul_gemv.glsl"
