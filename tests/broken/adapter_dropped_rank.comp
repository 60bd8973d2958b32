#version 450
// build: f16 -DWEIGHTS=1
// build: int4_g32 -DWEIGHTS=3
// Broken: the last element of the rank is left out.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define RANKS (p.rank - 1)
#include "adapter_fused.glsl"
