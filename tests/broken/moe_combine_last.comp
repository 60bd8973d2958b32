#version 450
// build: combine
// Broken: the last expert slot of every token is left out.
#extension GL_GOOGLE_include_directive : require
#define SLOTS (push.topk - 1)
#include "moe_combine.glsl"
