#version 450
// build: f32 -DWEIGHTS=0
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Slots sorted by expert, TILE_M of one expert at a time against TILE_N rows of its matrix, through shared memory.
// Workgroups beyond the last tile leave at once: how many tiles there are is known only on the device.
// Cost: the sort; an expert's last tile is as dear as a full one, so TILE_M should follow the slots per expert.
// Wins on GPUs in prefill. Loses by far on CPU drivers, whose shared memory is a gather (see grouped_lanes.comp).
#define REGISTERS 4
#include "sorted.glsl"
#include "tile.glsl"

void main() {
  tile at;
  if (!tile_find(gl_WorkGroupID.y, at)) return;
  for (uint i = gl_LocalInvocationIndex; i < TILE_M; i += gl_WorkGroupSize.x) x_at[i] = x_of_slot(tile_slot(at, i));
  float sum[REGISTERS][REGISTERS];
  tile_multiply(at.expert, sum);
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++)
      if (tile_col(c) < at.count && tile_row(r) < push.last_row)
        y_store(tile_slot(at, tile_col(c)), tile_row(r), sum[c][r]);
}
