#version 450
// build: f32 -DWEIGHTS=0
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Slots sorted by expert, a tile of 4 of one expert at a time: every decoded weight meets 4 rows of x. Workgroups
// beyond the last tile leave at once: how many tiles there are is known only on the device.
// Cost: the sort; neighbouring invocations read memory one row apart, so nothing coalesces.
// Wins on CPU drivers, at any number of tokens that gives experts more than one slot each.
#define COLS 4
#include "lanes.glsl"
#include "sorted.glsl"

void main() {
  tile at;
  if (!tile_find(gl_WorkGroupID.y, at)) return;
  uint row[MOE_LANE_ROWS], x_at[COLS];
  lane_rows(row);
  [[unroll]] for (uint c = 0; c < COLS; c++) x_at[c] = x_of_slot(tile_slot(at, c));
  float sum[MOE_LANE_ROWS][COLS];
  lanes_multiply(at.expert, row, x_at, sum);
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++)
      if (row[r] < push.last_row && c < at.count) y_store(tile_slot(at, c), row[r], sum[r][c]);
}
