#version 450
// build: halves
// Broken: all rows are turned by the position of the first.
#extension GL_GOOGLE_include_directive : require
#define ANGLE_ROW(row) 0
#include "block_rope.glsl"
