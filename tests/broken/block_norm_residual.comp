#version 450
// build: add_rms
// Broken: the norm is that of x without the residual.
#extension GL_GOOGLE_include_directive : require
#define NORMED(x, residual) (x)
#include "block_norm.glsl"
