#version 450
// build: plain_8 -DLANES=8
// build: halves_8 -DLANES=8 -DHALVES
// Broken: the scales of every two groups change places.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define INT8
#include "kv_cache/io.glsl"
#define packHalf2x16(d) packHalf2x16((d).yx)
#include "kv_cache/quantise.glsl"

void main() { quantise_and_store(); }
