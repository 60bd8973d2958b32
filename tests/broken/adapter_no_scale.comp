#version 450
// build: main
// Broken: the scale of the adapter is forgotten.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define SCALE(adapter) 1.0
#include "adapter_shrink.glsl"
