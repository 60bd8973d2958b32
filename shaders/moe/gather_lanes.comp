#version 450
// build: f32 -DWEIGHTS=0
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Slot by slot: the slot's id says whose matrix its row of x meets, and `down` sums a token's slots on the spot. One
// pass, no sort, no scratch. An invocation owns MOE_LANE_ROWS whole rows: no reduction.
// Cost: an expert's weights are read once per slot that chose it.
// Wins in decode on CPU drivers; with many tokens it is the baseline that a grouped kernel has to beat.
#define COLS 1
#include "lanes.glsl"
#include "routes.glsl"

void multiply_slot(uint slot, uint row[MOE_LANE_ROWS], out float sum[MOE_LANE_ROWS][COLS]) {
  uint x_at[COLS];
  x_at[0] = x_of_slot(slot);
  lanes_multiply(route_expert(slot), row, x_at, sum);
}

void main() {
  uint at = gl_WorkGroupID.y;   // a slot, for `down` a token
  uint row[MOE_LANE_ROWS];
  lane_rows(row);
  uint slots = push.down == 1 ? push.topk : 1;
  float total[MOE_LANE_ROWS];
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) total[r] = 0.0;
  for (uint slot = at * slots; slot < (at + 1) * slots; slot++) {
    if (!expert_here(route_expert(slot))) continue;
    float sum[MOE_LANE_ROWS][COLS];
    multiply_slot(slot, row, sum);
    [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++) {
      total[r] += route_weight(slot) * sum[r][0];
      if (push.down == 0 && row[r] < push.last_row) y_store(slot, row[r], sum[r][0]);
    }
  }
  if (push.down == 0) return;
  [[unroll]] for (uint r = 0; r < MOE_LANE_ROWS; r++)
    if (row[r] < push.last_row) y_add(at, row[r], total[r]);
}
