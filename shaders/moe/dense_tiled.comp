#version 450
// build: f32 -DWEIGHTS=0
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Every expert for every token, masked: TILE_M tokens meet TILE_N rows of all experts in turn, through shared memory,
// and what the router did not choose counts 0. One pass, no sort, no scratch, the same work whatever the load.
// Cost: experts / topk times the products that are needed, and all weights are read even for one token.
// Wins nowhere but where experts are few and tokens many: the baseline that a grouped kernel has to beat.
#define REGISTERS 4
#include "routes.glsl"
#include "tile.glsl"

shared float x_weight[TILE_M];
shared uint x_slot[TILE_M];
const uint UNROUTED = 0xffffffffu;

void stage_mask(uint token0, uint expert) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_M; i += gl_WorkGroupSize.x) {
    bool routed;
    uint slot = masked_slot(min(token0 + i, push.tokens - 1), expert, x_weight[i], routed);
    x_at[i] = x_of_slot(slot);
    x_slot[i] = routed && token0 + i < push.tokens ? slot : UNROUTED;
  }
}

void main() {
  uint token0 = gl_WorkGroupID.y * TILE_M;
  float total[REGISTERS][REGISTERS];
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++) total[c][r] = 0.0;

  for (uint expert = push.first_expert; expert < push.last_expert; expert++) {
    barrier();   // the mask of the expert before has been used
    stage_mask(token0, expert);
    float sum[REGISTERS][REGISTERS];
    tile_multiply(expert, sum);
    [[unroll]] for (uint c = 0; c < REGISTERS; c++)
      [[unroll]] for (uint r = 0; r < REGISTERS; r++) {
        uint slot = x_slot[tile_col(c)];
        total[c][r] += x_weight[tile_col(c)] * sum[c][r];
        if (push.down == 0 && slot != UNROUTED && tile_row(r) < push.last_row) y_store(slot, tile_row(r), sum[c][r]);
      }
  }
  if (push.down == 0) return;
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++)
      if (token0 + tile_col(c) < push.tokens && tile_row(r) < push.last_row)
        y_add(token0 + tile_col(c), tile_row(r), total[c][r]);
}
