#version 450
// build: main
// Broken: the last of several parts of k is left out.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define SUM_OF(split, sum) ((split) > 0 && (split) + 1 == p.splits ? 0.0 : (sum))
#include "adapter_shrink.glsl"
