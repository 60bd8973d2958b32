#version 450
// build: halves
// A control: nothing is wrong.
#extension GL_GOOGLE_include_directive : require
#include "block_rope.glsl"
