#version 450
// build: f32 -DWEIGHTS=0
// build: int4_g32 -DWEIGHTS=3
// Broken: a tile meets the matrix of the tile behind it.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define COLS 4
#include "moe/lanes.glsl"
#include "moe/sorted.glsl"

void main() {
  tile at, next;
  if (!tile_find(gl_WorkGroupID.y, at)) return;
  if (!tile_find(gl_WorkGroupID.y + 1, next)) next = at;
  uint row[MOE_LANE_ROWS], x_at[COLS];
  lane_rows(row);
  [[unroll]] for (uint c = 0; c < COLS; c++) x_at[c] = x_of_slot(tile_slot(at, c));
  float sum[MOE_LANE_ROWS][COLS];
  lanes_multiply(next.expert, row, x_at, sum);
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    [[unroll]] for (uint c = 0; c < COLS; c++)
      if (row[r] < push.last_row && c < at.count) y_store(tile_slot(at, c), row[r], sum[r][c]);
}
