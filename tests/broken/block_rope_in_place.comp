#version 450
// build: halves
// Broken: x is turned where it lies, and the second of a pair meets the first one already turned.
#extension GL_GOOGLE_include_directive : require
#define X_ACCESS
#define TURNED(at, value) (x_data[base[0] + (at)] = (value))
#include "block_rope.glsl"
