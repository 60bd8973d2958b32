// Products through shared memory: a workgroup owns TILE_M rows of x by TILE_N rows of one expert. Per step of 32 in K
// it brings both into shared memory, weights decoded and scaled, so that the inner loop knows no formats; then each
// invocation multiplies REGISTERS x REGISTERS outputs held in registers.
#ifndef MOE_TILE_GLSL
#define MOE_TILE_GLSL

#include "experts.glsl"

layout(local_size_x_id = MOE_SPEC_THREADS) in;   // TILE_M / REGISTERS * TILE_N / REGISTERS
layout(constant_id = MOE_SPEC_TILE_M) const uint TILE_M = 16;
layout(constant_id = MOE_SPEC_TILE_N) const uint TILE_N = 64;

// Outputs of an invocation lie TILE / REGISTERS apart, so that neighbouring invocations read neighbouring rows.
const uint STEP_M = TILE_M / REGISTERS, STEP_N = TILE_N / REGISTERS;
const uint STRIDE = GROUP_VECS + 1;   // one vec4 of padding keeps neighbouring rows in different banks
shared vec4 x_tile[TILE_M * STRIDE];
shared vec4 w_tile[TILE_N * STRIDE];
shared uint x_at[TILE_M];   // first vec4 of each row of x: set by the caller, who need not wait

uint first_row() { return push.first_row + gl_WorkGroupID.x * TILE_N; }
uint tile_row(uint r) { return first_row() + gl_LocalInvocationIndex % STEP_N + r * STEP_N; }
uint tile_col(uint c) { return gl_LocalInvocationIndex / STEP_N + c * STEP_M; }

void stage_x(uint group) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_M * GROUP_VECS; i += gl_WorkGroupSize.x) {
    uint col = i / GROUP_VECS, v = i % GROUP_VECS;
    x_tile[col * STRIDE + v] = x_data[x_at[col] + group * GROUP_VECS + v];
  }
}

void stage_w(uint expert, uint group) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_N * GROUP_CHUNKS; i += gl_WorkGroupSize.x) {
    uint row = i / GROUP_CHUNKS, chunk = i % GROUP_CHUNKS;
    uint row_in = min(first_row() + row, push.last_row - 1);
    vec4 w[CHUNK_VECS];
    chunk_decode(w_data[w_row(expert, row_in) + group * GROUP_CHUNKS + chunk], w);
    vec2 scale = scale_load(expert, row_in, group);
    [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++)
      w_tile[row * STRIDE + chunk * CHUNK_VECS + v] = w[v] * scale.x + scale.y;
  }
}

void tile_multiply(uint expert, out float sum[REGISTERS][REGISTERS]) {
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++) sum[c][r] = 0.0;
  uint row = gl_LocalInvocationIndex % STEP_N;
  barrier();
  for (uint group = 0; group < groups(); group++) {
    stage_x(group);
    stage_w(expert, group);
    barrier();
    for (uint v = 0; v < GROUP_VECS; v++) {
      vec4 w[REGISTERS];
      [[unroll]] for (uint r = 0; r < REGISTERS; r++) w[r] = w_tile[(row + r * STEP_N) * STRIDE + v];
      [[unroll]] for (uint c = 0; c < REGISTERS; c++) {
        vec4 x = x_tile[tile_col(c) * STRIDE + v];
        [[unroll]] for (uint r = 0; r < REGISTERS; r++) sum[c][r] += dot(x, w[r]);
      }
    }
    barrier();
  }
}

#endif
