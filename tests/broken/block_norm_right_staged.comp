#version 450
// build: add_rms
// Not broken: with the barrier.
#extension GL_GOOGLE_include_directive : require
#define BARRIER barrier()
#include "block_norm_staged.glsl"
