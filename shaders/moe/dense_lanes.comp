#version 450
// build: f32 -DWEIGHTS=0
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Every expert for every token, masked: 4 tokens at a time meet all experts in turn, and what the router did not choose
// counts 0. One pass, no sort, no scratch, the same work whatever the load.
// Cost: experts / topk times the products that are needed, and all weights are read even for one token.
// Wins nowhere but where experts are few and tokens many; on CPU drivers then (dense_tiled.comp on GPUs).
#define COLS 4
#include "lanes.glsl"
#include "routes.glsl"

void main() {
  uint token0 = gl_WorkGroupID.y * COLS;
  uint row[MOE_LANE_ROWS];
  lane_rows(row);
  float total[MOE_LANE_ROWS][COLS];
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++) total[r][c] = 0.0;

  for (uint expert = push.first_expert; expert < push.last_expert; expert++) {
    uint x_at[COLS];
    float weight;
    bool routed;
    [[unroll]] for (uint c = 0; c < COLS; c++)
      x_at[c] = x_of_slot(masked_slot(min(token0 + c, push.tokens - 1), expert, weight, routed));
    float sum[MOE_LANE_ROWS][COLS];
    lanes_multiply(expert, row, x_at, sum);
    [[unroll]] for (uint c = 0; c < COLS; c++) {   // asked again: kept over the product, the answers spill
      uint slot = masked_slot(min(token0 + c, push.tokens - 1), expert, weight, routed);
      bool stored = push.down == 0 && routed && token0 + c < push.tokens;
      [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) {
        total[r][c] += weight * sum[r][c];
        if (stored && row[r] < push.last_row) y_store(slot, row[r], sum[r][c]);
      }
    }
  }
  if (push.down == 0) return;
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++)
      if (row[r] < push.last_row && token0 + c < push.tokens) y_add(token0 + c, row[r], total[r][c]);
}
