#version 450
// build: f32 -DWEIGHTS=0
// Broken: y is stored with the row as the outer dimension: right only where m or n is 1.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define STORE(col, row, value) (y_data[push.base[MATMUL_BINDING_Y] + (push.column + (row)) * COLS + (col)] = (value))
#include "matmul_gemv.glsl"
