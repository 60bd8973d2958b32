#version 450
// build: main
// Broken: a row is shrunk by the adapter of the row before it.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define ID_ROW(row) (max((row), 1) - 1)
#include "adapter_shrink.glsl"
