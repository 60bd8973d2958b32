#version 450
// Nothing is wrong here: the control, which the prover must accept.
//
// build: f16_r1 -DROWS=1
// build: f16_r4 -DROWS=4
// build: f16_r8 -DROWS=8
// build: f16_r16 -DROWS=16
// build: int8_r1 -DROWS=1 -DKV_INT8
// build: int8_r4 -DROWS=4 -DKV_INT8
// build: int8_r8 -DROWS=8 -DKV_INT8
// build: int8_r16 -DROWS=16 -DKV_INT8
#extension GL_GOOGLE_include_directive : require
#include "attention/io.glsl"
#include "attention_plain.glsl"
