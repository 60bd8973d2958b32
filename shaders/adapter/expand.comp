#version 450
// build: main
// build: grouped -DGROUPED
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// y += B v: from `rank` elements to n. An invocation owns a row of B and, GROUPED, ADAPTER_COLS rows of x of one
// adapter, else one; v is the same for the whole workgroup.
// Cost: reads and writes y once more than the base did, and one launch; that is what fusing saves.
#include "adapter.h"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform push { uint base[ADAPTER_EXPAND_BINDINGS]; adapter_params p; };
layout(set = 0, binding = ADAPTER_EXPAND_Y) buffer y_buffer { float y_data[]; };

#define SEGMENT_BINDING ADAPTER_EXPAND_IDS
#define V_BINDING ADAPTER_EXPAND_V
#define B_BINDING ADAPTER_EXPAND_B
#include "rank.glsl"
#include "segment.glsl"

void main() {
  segment s = segment_load(gl_WorkGroupID.z);
  uint row = gl_GlobalInvocationID.x, col0 = gl_WorkGroupID.y * COLS;
  if (row >= p.n || col0 >= s.count) return;

  uint x_row[COLS];
  float sum[COLS];
  [[unroll]] for (uint c = 0; c < COLS; c++) {
    x_row[c] = segment_row(s, col0 + c);
    sum[c] = 0.0;
  }
  for (uint chunk = 0; chunk < rank_chunks(); chunk++) {
    vec4 b_low, b_high;
    b_load(s.adapter, row, chunk, b_low, b_high);
    [[unroll]] for (uint c = 0; c < COLS; c++) {
      vec4 low, high;
      v_load(x_row[c], chunk, low, high);
      sum[c] += dot(b_low, low) + dot(b_high, high);
    }
  }
  [[unroll]] for (uint c = 0; c < COLS; c++)
    if (col0 + c < s.count) y_data[base[ADAPTER_EXPAND_Y] + x_row[c] * p.stride + p.column + row] += sum[c];
}
