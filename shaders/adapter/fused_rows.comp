#version 450
// build: f16_1 -DWEIGHTS=1 -DCOLS=1
// build: f16_4 -DWEIGHTS=1 -DCOLS=4
// build: int4_g32_1 -DWEIGHTS=3 -DCOLS=1
// build: int4_g32_4 -DWEIGHTS=3 -DCOLS=4
// build: f16_dora_1 -DWEIGHTS=1 -DDORA -DCOLS=1
// build: f16_dora_4 -DWEIGHTS=1 -DDORA -DCOLS=4
// build: int4_g32_dora_1 -DWEIGHTS=3 -DDORA -DCOLS=1
// build: int4_g32_dora_4 -DWEIGHTS=3 -DDORA -DCOLS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Any number of rows of x, each with an adapter of its own. An invocation owns ADAPTER_LANE_ROWS whole rows of W and
// COLS rows of x, and when it is through with W it goes on over the same rows of B: no reduction, no shared memory.
// Cost: neighbouring invocations read memory one row apart, so nothing coalesces; B is read once per row of x.
// Wins on CPU drivers, as matmul's kernel of this shape does. Loses to fused_gemv and fused_tiled on GPUs.
#include "fused.glsl"

layout(local_size_x_id = 0) in;
layout(set = 0, binding = ADAPTER_FUSED_IDS) readonly buffer id_buffer { uint id_data[]; };

const uint ROWS = ADAPTER_LANE_ROWS;

uint adapter_of(uint col) { return id_data[base[ADAPTER_FUSED_IDS] + col]; }

void main() {
  uint row0 = gl_WorkGroupID.x * gl_WorkGroupSize.x * ROWS + gl_LocalInvocationIndex;
  uint col0 = gl_WorkGroupID.y * COLS;
  uint row[ROWS], col[COLS];   // past the end the last one is repeated and not stored
  [[unroll]] for (uint r = 0; r < ROWS; r++) row[r] = min(row0 + r * gl_WorkGroupSize.x, p.n - 1);
  [[unroll]] for (uint c = 0; c < COLS; c++) col[c] = min(col0 + c, p.m - 1);
  float sum[ROWS][COLS];
  [[unroll]] for (uint r = 0; r < ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] = 0.0;

  for (uint group = 0; group < groups(); group++) {
    float product[ROWS][COLS];
    [[unroll]] for (uint r = 0; r < ROWS; r++)
      [[unroll]] for (uint c = 0; c < COLS; c++) product[r][c] = 0.0;
    [[dont_unroll]] for (int i = 0; i < GROUP_CHUNKS; i++) {
      uvec4 chunk[ROWS];
      [[unroll]] for (uint r = 0; r < ROWS; r++) chunk[r] = w_data[w_begin(row[r]) + group * GROUP_CHUNKS + i];
      [[unroll]] for (int v = 0; v < CHUNK_VECS; v++) {
        vec4 w[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) w[r] = chunk_vector(chunk[r], v);
        [[unroll]] for (uint c = 0; c < COLS; c++) {
          vec4 x = x_data[x_begin(col[c]) + group * GROUP_VECS + i * CHUNK_VECS + v];
          [[unroll]] for (uint r = 0; r < ROWS; r++) product[r][c] += dot(w[r], x);
        }
      }
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      float step = step_load(row[r], group);
      [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] += step * product[r][c];
    }
  }

  for (uint chunk = 0; chunk < rank_chunks(); chunk++)
    [[unroll]] for (uint c = 0; c < COLS; c++) {
      vec4 low, high;
      v_load(col[c], chunk, low, high);
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        vec4 b_low, b_high;
        b_load(adapter_of(col[c]), row[r], chunk, b_low, b_high);
        sum[r][c] += dot(b_low, low) + dot(b_high, high);
      }
    }

  [[unroll]] for (uint r = 0; r < ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++)
      if (row0 + r * gl_WorkGroupSize.x < p.n && col0 + c < p.m) y_store(adapter_of(col[c]), col[c], row[r], sum[r][c]);
}
