#version 450
// build: f32 -DWEIGHTS=0
// Broken: the sum of a token leaves out its last slot.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define COLS 1
#include "moe/lanes.glsl"
#include "moe/routes.glsl"

void main() {
  uint at = gl_WorkGroupID.y, slots = push.down == 1 ? push.topk : 1, summed = push.down == 1 ? push.topk - 1 : 1;
  uint row[MOE_LANE_ROWS];
  lane_rows(row);
  float total[MOE_LANE_ROWS];
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) total[r] = 0.0;
  for (uint slot = at * slots; slot < at * slots + summed; slot++) {
    if (!expert_here(route_expert(slot))) continue;
    uint x_at[COLS];
    x_at[0] = x_of_slot(slot);
    float sum[MOE_LANE_ROWS][COLS];
    lanes_multiply(route_expert(slot), row, x_at, sum);
    [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) {
      total[r] += route_weight(slot) * sum[r][0];
      if (push.down == 0 && row[r] < push.last_row) y_store(slot, row[r], sum[r][0]);
    }
  }
  if (push.down == 0) return;
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    if (row[r] < push.last_row) y_add(at, row[r], total[r]);
}
