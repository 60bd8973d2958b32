#version 450
// build: f16 -DWEIGHTS=1
// build: int4_g32 -DWEIGHTS=3
// Broken: a row is expanded by the adapter of the row after it.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define ID_ROW(row) min((row) + 1, p.m - 1)
#include "adapter_fused.glsl"
