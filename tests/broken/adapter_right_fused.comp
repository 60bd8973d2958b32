#version 450
// build: f16 -DWEIGHTS=1
// build: int4_g32 -DWEIGHTS=3
// build: f16_dora -DWEIGHTS=1 -DDORA
// Not broken. The same source without a defect, which must pass: it shows that the others fail for their defect.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "adapter_fused.glsl"
