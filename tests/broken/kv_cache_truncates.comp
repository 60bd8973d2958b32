#version 450
// build: plain_8 -DLANES=8
// build: halves_8 -DLANES=8 -DHALVES
// Broken: codes are cut off instead of rounded.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define INT8
#include "kv_cache/io.glsl"
#define roundEven(x) trunc(x)
#include "kv_cache/quantise.glsl"

void main() { quantise_and_store(); }
