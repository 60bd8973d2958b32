#version 450
// build: f32_1 -DWEIGHTS=0 -DCOLS=1
// build: f32_4 -DWEIGHTS=0 -DCOLS=4
// build: f16_1 -DWEIGHTS=1 -DCOLS=1
// build: f16_4 -DWEIGHTS=1 -DCOLS=4
// build: int8_g32_1 -DWEIGHTS=2 -DCOLS=1
// build: int8_g32_4 -DWEIGHTS=2 -DCOLS=4
// build: int4_g32_1 -DWEIGHTS=3 -DCOLS=1
// build: int4_g32_4 -DWEIGHTS=3 -DCOLS=4
// build: int4z_g32_1 -DWEIGHTS=4 -DCOLS=1
// build: int4z_g32_4 -DWEIGHTS=4 -DCOLS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Any number of rows of x. An invocation owns MATMUL_LANE_ROWS whole rows of w and COLS rows of x: no reduction, no
// shared memory, no barrier. Each vec4 of x is the same for all invocations and meets MATMUL_LANE_ROWS rows; each
// decoded weight meets COLS rows of x.
// Cost: neighbouring invocations read memory one row apart, so nothing coalesces.
// Wins on CPU drivers, at any m: there a load is a gather whatever its pattern, and reductions, barriers and shared
// memory are what costs. Loses to gemv and tiled on GPUs.
#include "weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;

void main() {
  uint row0 = gl_WorkGroupID.x * gl_WorkGroupSize.x * MATMUL_LANE_ROWS + gl_LocalInvocationIndex;
  uint col0 = gl_WorkGroupID.y * COLS;
  uint row[MATMUL_LANE_ROWS], x_at[COLS];   // past the end the last row is repeated and not stored
  [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++) row[r] = min(row0 + r * gl_WorkGroupSize.x, push.n - 1);
  [[unroll]] for (uint c = 0; c < COLS; c++) x_at[c] = x_row(min(col0 + c, push.m - 1));
  float sum[MATMUL_LANE_ROWS][COLS];
  [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] = 0.0;

  for (uint group = 0; group < groups(); group++) {
    float product[MATMUL_LANE_ROWS][COLS], x_sum[COLS];
    [[unroll]] for (uint c = 0; c < COLS; c++) {
      x_sum[c] = 0.0;
      [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++) product[r][c] = 0.0;
    }
    [[dont_unroll]] for (int i = 0; i < GROUP_CHUNKS; i++) {
      uvec4 chunk[MATMUL_LANE_ROWS];
      [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++)
        chunk[r] = w_data[w_row(row[r]) + group * GROUP_CHUNKS + i];
      [[unroll]] for (int v = 0; v < CHUNK_VECS; v++) {
        vec4 w[MATMUL_LANE_ROWS];
        [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++) w[r] = chunk_vector(chunk[r], v);
        [[unroll]] for (uint c = 0; c < COLS; c++) {
          vec4 x = x_data[x_at[c] + group * GROUP_VECS + i * CHUNK_VECS + v];
          [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++) product[r][c] += dot(w[r], x);
#ifdef HAS_ZERO
          x_sum[c] += dot(x, vec4(1.0));
#endif
        }
      }
    }
    [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++) {
      vec2 scale = scale_load(row[r], group);
      [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] += scale.x * product[r][c] + scale.y * x_sum[c];
    }
  }
  [[unroll]] for (uint r = 0; r < MATMUL_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++)
      if (row0 + r * gl_WorkGroupSize.x < push.n && col0 + c < push.m) y_store(col0 + c, row[r], sum[r][c]);
}
