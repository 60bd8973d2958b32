#version 450
// Wrong: the whole value row is given the scale of its first group.
//
// build: int8_r1 -DROWS=1 -DKV_INT8
// build: int8_r4 -DROWS=4 -DKV_INT8
// build: int8_r8 -DROWS=8 -DKV_INT8
// build: int8_r16 -DROWS=16 -DKV_INT8
#extension GL_GOOGLE_include_directive : require
#include "attention/io.glsl"
vec4 first_group(uint pair, uint key, uint lane) {
  const uint group = pair * p.scales + key * HEAD / ATTENTION_GROUP;
  const uint word = value_data[base[2] + (pair * p.keys + key) * LANES + lane];
  return half_of(value_scale_data[base[V_SCALE] + group / 2], group) * unpack_int8(word);
}
#define VALUE(pair, key, lane) first_group(pair, key, lane)
#include "attention_plain.glsl"
