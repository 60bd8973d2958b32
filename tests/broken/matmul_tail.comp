#version 450
// build: f32 -DWEIGHTS=0
// Broken: rows beyond the last full block of ROWS are not computed.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define ROWS_STORED (push.n / ROWS * ROWS)
#include "matmul_gemv.glsl"
