#version 450
// First pass of naive attention: S = scale Q K^T, masked, to memory. An invocation is one key and dots it with a few
// query rows, whose addresses are the same for the whole workgroup. Cost: writes rows x keys floats. The
// baseline: loses to flash whenever they do not stay in the cache.
//
// build: f16
// build: int8 -DKV_INT8
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define NAIVE
#include "io.glsl"

layout(binding = SCORES, std430) writeonly restrict buffer score_buffer { float score[]; };

void main() {
  const uint key = gl_GlobalInvocationID.x;
  const uint first = gl_WorkGroupID.y * ATTENTION_NAIVE_ROWS;
  const uint pair = gl_WorkGroupID.z;
  if (key >= p.keys) return;

  float s[ATTENTION_NAIVE_ROWS];
  [[unroll]] for (uint r = 0; r < ATTENTION_NAIVE_ROWS; r++) s[r] = 0.0;
  for (uint step = 0; step < STEPS; step++) {
    vec4 low, high;
    key_load(pair, key, step, low, high);
    [[unroll]] for (uint r = 0; r < ATTENTION_NAIVE_ROWS; r++) {
      const uint row = min(first + r, p.rows - 1);
      s[r] += dot(query_load(pair, row, 2 * step), low) + dot(query_load(pair, row, 2 * step + 1), high);
    }
  }

  [[unroll]] for (uint r = 0; r < ATTENTION_NAIVE_ROWS; r++) {
    const uint row = first + r;
    if (row < p.rows)
      score[base[SCORES] + (pair * p.rows + row) * p.keys + key] =
        key < visible_keys(row) ? s[r] * p.scale : ATTENTION_LOWEST;
  }
}
