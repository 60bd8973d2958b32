#version 450
// Wrong: the last key is skipped when the keys do not fill the last block of 64.
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
#define KEYS_OF(row) (visible_keys(row) - uint(visible_keys(row) == p.keys && p.keys > 64 && p.keys % 64 != 0))
#include "attention_plain.glsl"
