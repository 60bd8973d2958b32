#version 450
// Wrong: the causal mask is off by one, every query but the last sees one key of the future.
//
// build: f16_r1 -DROWS=1
// build: f16_r4 -DROWS=4
// build: f16_r8 -DROWS=8
// build: f16_r16 -DROWS=16
#extension GL_GOOGLE_include_directive : require
#include "attention/io.glsl"
#define KEYS_OF(row) min(visible_keys(row) + p.step, p.keys)
#include "attention_plain.glsl"
