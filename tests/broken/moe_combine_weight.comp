#version 450
// build: combine
// Broken: the router's weight is not applied.
#extension GL_GOOGLE_include_directive : require
#define WEIGHT(weight) 1.0
#include "moe_combine.glsl"
