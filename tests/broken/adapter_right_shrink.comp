#version 450
// build: main
// Not broken. The same source without a defect, which must pass: it shows that the others fail for their defect.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "adapter_shrink.glsl"
