#version 450
// build: add_rms
// Broken: the mean is over one element more than there are.
#extension GL_GOOGLE_include_directive : require
#define INVERSE (1.0 / float(4 * p.vectors + 1))
#include "block_norm.glsl"
