#version 450
// build: main
// Broken: the last of several parts of k is not stored; what the buffer held before is added up.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define STORES(split) ((split) == 0 || (split) + 1 < p.splits)
#include "adapter_shrink.glsl"
