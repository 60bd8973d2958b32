#version 450
// Third pass of naive attention: O = P V. An invocation is four elements of a few output rows and walks the keys that
// any of them attends. Cost: reads rows x keys floats and V once per few rows.
//
// build: f16
// build: int8 -DKV_INT8
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define NAIVE
#include "io.glsl"

layout(binding = SCORES, std430) readonly restrict buffer score_buffer { float score[]; };

void main() {
  const uint lane = gl_GlobalInvocationID.x % LANES;
  const uint first = gl_GlobalInvocationID.x / LANES * ATTENTION_NAIVE_ROWS;
  const uint pair = gl_WorkGroupID.z;
  if (first >= p.rows) return;

  uint at[ATTENTION_NAIVE_ROWS];
  vec4 o[ATTENTION_NAIVE_ROWS];
  [[unroll]] for (uint r = 0; r < ATTENTION_NAIVE_ROWS; r++) {
    at[r] = base[SCORES] + (pair * p.rows + min(first + r, p.rows - 1)) * p.keys;
    o[r] = vec4(0.0);
  }

  const uint end = visible_keys_of_tile(first, ATTENTION_NAIVE_ROWS);
  for (uint begin = 0; begin < end; begin += ATTENTION_UNROLL)
    [[unroll]] for (uint i = 0; i < ATTENTION_UNROLL; i++) {
      const uint key = begin + i, clamped = min(key, end - 1);
      const vec4 v = value_load(pair, clamped, lane);
      [[unroll]] for (uint r = 0; r < ATTENTION_NAIVE_ROWS; r++) o[r] += (key < end ? score[at[r] + clamped] : 0.0) * v;
    }

  [[unroll]] for (uint r = 0; r < ATTENTION_NAIVE_ROWS; r++)
    if (first + r < p.rows) out_data[base[OUT] / 4 + (pair * p.rows + first + r) * LANES + lane] = o[r];
}
