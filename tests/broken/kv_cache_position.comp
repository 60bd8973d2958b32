#version 450
// build: plain_8 -DLANES=8
// build: halves_8 -DLANES=8 -DHALVES
// Broken: rows are stored one position late.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define INT8
#include "kv_cache/io.glsl"
#define cache_row(at) (cache_row(at) + 1)
#include "kv_cache/quantise.glsl"

void main() { quantise_and_store(); }
