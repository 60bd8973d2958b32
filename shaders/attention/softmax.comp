#version 450
// Second pass of naive attention: each row of scores becomes weights that sum to one, in place; masked keys weigh 0.
// A workgroup per row, three sweeps over it. Cost: reads and writes rows x keys floats.
//
// build: f16
// build: int8 -DKV_INT8
#extension GL_GOOGLE_include_directive : require
#define NAIVE
#include "io.glsl"

layout(binding = SCORES, std430) restrict buffer score_buffer { float score[]; };

const uint THREADS = gl_WorkGroupSize.x;
shared float part[THREADS];

// The largest, or the sum, of everybody's value.
float over_all(float value, bool largest) {
  const uint t = gl_LocalInvocationID.x;
  barrier();
  part[t] = value;
  barrier();
  for (uint stride = THREADS / 2; stride > 0; stride /= 2) {
    if (t < stride) part[t] = largest ? max(part[t], part[t + stride]) : part[t] + part[t + stride];
    barrier();
  }
  return part[0];
}

void main() {
  const uint t = gl_LocalInvocationID.x;
  const uint row = gl_WorkGroupID.x;
  const uint at = base[SCORES] + (gl_WorkGroupID.z * p.rows + row) * p.keys;
  const uint visible = visible_keys(row);

  float top = ATTENTION_LOWEST;
  for (uint key = t; key < visible; key += THREADS) top = max(top, score[at + key]);
  top = over_all(top, true);

  float sum = 0.0;
  for (uint key = t; key < visible; key += THREADS) {
    const float e = exp(score[at + key] - top);
    score[at + key] = e;
    sum += e;
  }
  sum = over_all(sum, false);

  for (uint key = t; key < p.keys; key += THREADS) score[at + key] = key < visible ? score[at + key] / sum : 0.0;
}
