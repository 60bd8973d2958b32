#version 450
// Wrong: when the running maximum rises, the sum is scaled down to it and the output is not.
//
// build: f16_r1 -DROWS=1
// build: f16_r4 -DROWS=4
// build: f16_r8 -DROWS=8
// build: f16_r16 -DROWS=16
#extension GL_GOOGLE_include_directive : require
#include "attention/io.glsl"
#define RESCALED(o, shrink) (o)
#include "attention_plain.glsl"
