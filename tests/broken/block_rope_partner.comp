#version 450
// build: halves
// Broken: the partners are counted from the end of the head.
#extension GL_GOOGLE_include_directive : require
#define PARTNER(i, half_head) (2 * (half_head) - 1 - (i))
#include "block_rope.glsl"
