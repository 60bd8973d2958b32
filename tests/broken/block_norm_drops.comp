#version 450
// build: add_rms
// Broken: the last vector is left out of the sum of squares.
#extension GL_GOOGLE_include_directive : require
#define SUMMED (p.vectors - 1)
#include "block_norm.glsl"
