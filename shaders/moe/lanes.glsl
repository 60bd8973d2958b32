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

void lanes_multiply(uint expert, uint row[MOE_LANE_ROWS], uint x_at[COLS], out float sum[MOE_LANE_ROWS][COLS]) {
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] = 0.0;
  uint last = push.last_row - 1;   // past the end the last row is repeated and not stored
  for (uint group = 0; group < groups(); group++) {
    float product[MOE_LANE_ROWS][COLS], x_sum[COLS];
    [[unroll]] for (uint c = 0; c < COLS; c++) {
      x_sum[c] = 0.0;
      [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) product[r][c] = 0.0;
    }
    [[dont_unroll]] for (int i = 0; i < GROUP_CHUNKS; i++) {
      uvec4 chunk[MOE_LANE_ROWS];
      [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
        chunk[r] = w_data[w_row(expert, min(row[r], last)) + group * GROUP_CHUNKS + i];
      [[unroll]] for (int v = 0; v < CHUNK_VECS; v++) {
        vec4 w[MOE_LANE_ROWS];
        [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) w[r] = chunk_vector(chunk[r], v);
        [[unroll]] for (uint c = 0; c < COLS; c++) {
          vec4 x = x_data[x_at[c] + group * GROUP_VECS + i * CHUNK_VECS + v];
          [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) product[r][c] += dot(w[r], x);
#ifdef HAS_ZERO
          x_sum[c] += dot(x, vec4(1.0));
#endif
        }
      }
    }
    [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) {
      vec2 scale = scale_load(expert, min(row[r], last), group);
      [[unroll]] for (uint c = 0; c < COLS; c++) sum[r][c] += scale.x * product[r][c] + scale.y * x_sum[c];
    }
  }
}

#endif
