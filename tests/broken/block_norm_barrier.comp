#version 450
// build: add_rms
// Broken: no barrier between what invocations stage for each other and its use.
#extension GL_GOOGLE_include_directive : require
#define BARRIER
#include "block_norm_staged.glsl"
