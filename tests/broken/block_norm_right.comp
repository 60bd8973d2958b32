#version 450
// build: add_rms
// A control: nothing is wrong.
#extension GL_GOOGLE_include_directive : require
#include "block_norm.glsl"
