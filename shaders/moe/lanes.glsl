// Products without shared memory: an invocation owns MOE_LANE_ROWS whole rows of one expert and meets them with COLS
// rows of x, which are the same for all invocations.
#ifndef MOE_LANES_GLSL
#define MOE_LANES_GLSL

#include "experts.glsl"

layout(local_size_x_id = MOE_SPEC_THREADS) in;

void lane_rows(out uint row[MOE_LANE_ROWS]) {
  uint first = push.first_row + gl_WorkGroupID.x * gl_WorkGroupSize.x * MOE_LANE_ROWS + gl_LocalInvocationIndex;
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) row[r] = first + r * gl_WorkGroupSize.x;
}

void group_decode(uint expert, uint row, uint group, out vec4 w[GROUP_VECS]) {
  [[unroll]] for (uint i = 0; i < GROUP_CHUNKS; i++) {
    vec4 part[CHUNK_VECS];
    chunk_decode(w_data[w_row(expert, row) + group * GROUP_CHUNKS + i], part);
    [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++) w[i * CHUNK_VECS + v] = part[v];
  }
}

void lanes_multiply(uint expert, uint row[MOE_LANE_ROWS], uint x_at[COLS], out float sum[MOE_LANE_ROWS][COLS]) {
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] = 0.0;
  for (uint group = 0; group < groups(); group++) {
    vec4 w[MOE_LANE_ROWS][GROUP_VECS];
    vec2 scale[MOE_LANE_ROWS];
    [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) {
      uint row_in = min(row[r], push.last_row - 1);   // past the end the last row is repeated and not stored
      group_decode(expert, row_in, group, w[r]);
      scale[r] = scale_load(expert, row_in, group);
    }
    [[unroll]] for (uint c = 0; c < COLS; c++) {
      float product[MOE_LANE_ROWS], x_sum = 0.0;
      [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) product[r] = 0.0;
      [[unroll]] for (uint v = 0; v < GROUP_VECS; v++) {
        vec4 x = x_data[x_at[c] + group * GROUP_VECS + v];
        [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) product[r] += dot(w[r][v], x);
#ifdef HAS_ZERO
        x_sum += dot(x, vec4(1.0));
#endif
      }
      [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) sum[r][c] += scale[r].x * product[r] + scale[r].y * x_sum;
    }
  }
}

#endif
