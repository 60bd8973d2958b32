#version 450
// build: f32_4 -DWEIGHTS=0 -DREGISTERS=4
// build: f16_4 -DWEIGHTS=1 -DREGISTERS=4
// build: int8_g32_4 -DWEIGHTS=2 -DREGISTERS=4
// build: int4_g32_4 -DWEIGHTS=3 -DREGISTERS=4
// build: int4z_g32_4 -DWEIGHTS=4 -DREGISTERS=4
// build: f32_8 -DWEIGHTS=0 -DREGISTERS=8
// build: f16_8 -DWEIGHTS=1 -DREGISTERS=8
// build: int8_g32_8 -DWEIGHTS=2 -DREGISTERS=8
// build: int4_g32_8 -DWEIGHTS=3 -DREGISTERS=8
// build: int4z_g32_8 -DWEIGHTS=4 -DREGISTERS=8
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Many rows of x (prefill). A workgroup owns a tile of TILE_M rows of x by TILE_N rows of w. Per step of 32 in K it
// brings both into shared memory, weights decoded and scaled, so that the inner loop knows no formats; then each
// invocation multiplies REGISTERS x REGISTERS outputs held in registers.
// Cost: 2 * REGISTERS vec4 from shared memory for 4 * REGISTERS^2 multiply-adds; two barriers per step.
// Wins on GPUs once m fills a tile. On CPU drivers, whose shared memory is a gather, rows.comp is somewhat faster.
#include "weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;   // TILE_M / REGISTERS * TILE_N / REGISTERS
layout(constant_id = MATMUL_SPEC_TILE_M) const uint TILE_M = 32;
layout(constant_id = MATMUL_SPEC_TILE_N) const uint TILE_N = 32;

const uint STRIDE = GROUP_VECS + 1;   // one vec4 of padding keeps neighbouring rows in different banks
shared vec4 x_tile[TILE_M * STRIDE];
shared vec4 w_tile[TILE_N * STRIDE];

void stage_x(uint col0, uint group) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_M * GROUP_VECS; i += gl_WorkGroupSize.x) {
    uint col = i / GROUP_VECS, v = i % GROUP_VECS;
    x_tile[col * STRIDE + v] = x_data[x_row(min(col0 + col, push.m - 1)) + group * GROUP_VECS + v];
  }
}

void stage_w(uint row0, uint group) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_N * GROUP_CHUNKS; i += gl_WorkGroupSize.x) {
    uint row = i / GROUP_CHUNKS, chunk = i % GROUP_CHUNKS;
    uint row_in = min(row0 + row, push.n - 1);
    vec4 w[CHUNK_VECS];
    chunk_decode(w_data[w_row(row_in) + group * GROUP_CHUNKS + chunk], w);
    vec2 scale = scale_load(row_in, group);
    uint at = row * STRIDE + chunk * CHUNK_VECS;
    [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++) w_tile[at + v] = w[v] * scale.x + scale.y;
  }
}

void main() {
  uint row0 = gl_WorkGroupID.x * TILE_N, col0 = gl_WorkGroupID.y * TILE_M;
  // Outputs of an invocation lie TILE / REGISTERS apart, so that a row of invocations reads neighbouring rows.
  uint step_n = TILE_N / REGISTERS, step_m = TILE_M / REGISTERS;
  uint row = gl_LocalInvocationIndex % step_n, col = gl_LocalInvocationIndex / step_n;

  float sum[REGISTERS][REGISTERS];
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++) sum[c][r] = 0.0;

  for (uint group = 0; group < groups(); group++) {
    stage_x(col0, group);
    stage_w(row0, group);
    barrier();
    for (uint v = 0; v < GROUP_VECS; v++) {
      vec4 w[REGISTERS];
      [[unroll]] for (uint r = 0; r < REGISTERS; r++) w[r] = w_tile[(row + r * step_n) * STRIDE + v];
      [[unroll]] for (uint c = 0; c < REGISTERS; c++) {
        vec4 x = x_tile[(col + c * step_m) * STRIDE + v];
        [[unroll]] for (uint r = 0; r < REGISTERS; r++) sum[c][r] += dot(x, w[r]);
      }
    }
    barrier();
  }
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++)
      if (col0 + col + c * step_m < push.m && row0 + row + r * step_n < push.n)
        y_store(col0 + col + c * step_m, row0 + row + r * step_n, sum[c][r]);
}
