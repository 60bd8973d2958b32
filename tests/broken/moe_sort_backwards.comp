#version 450
// build: scatter
// Right, though not stable: an expert's slots of a block are sorted backwards, which no output shows.
#extension GL_GOOGLE_include_directive : require
#define COUNTS(other, lane) ((other) > (lane))
#include "moe_scatter.glsl"
