#version 450
// build: f16_4 -DWEIGHTS=1 -DREGISTERS=4
// build: f16_8 -DWEIGHTS=1 -DREGISTERS=8
// build: f16_dora_4 -DWEIGHTS=1 -DDORA -DREGISTERS=4
// build: f16_dora_8 -DWEIGHTS=1 -DDORA -DREGISTERS=8
// build: int4_g32_4 -DWEIGHTS=3 -DREGISTERS=4
// build: int4_g32_8 -DWEIGHTS=3 -DREGISTERS=8
// build: int4_g32_dora_4 -DWEIGHTS=3 -DDORA -DREGISTERS=4
// build: int4_g32_dora_8 -DWEIGHTS=3 -DDORA -DREGISTERS=8
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Many rows of x (prefill), grouped by adapter: a workgroup owns a tile of up to TILE_M rows of x of one adapter, taken
// from the list of segments, by TILE_N rows of W. Since the whole tile has one B, y = [x v] [W B]' is an ordinary tiled
// product over k + rank elements: the steps of 32 go on from x and W to v and B, the inner loop knows no adapters.
// Cost over the base: rank / 32 steps more, and tiles that are not full where an adapter has few rows.
// Wins on GPUs once the rows of an adapter fill a tile; loses by far on CPU drivers, whose shared memory is a gather.
#define GROUPED
#include "fused.glsl"
#define SEGMENT_BINDING ADAPTER_FUSED_IDS
#include "segment.glsl"

layout(local_size_x_id = 0) in;   // TILE_M / REGISTERS * TILE_N / REGISTERS
layout(constant_id = ADAPTER_SPEC_TILE_M) const uint TILE_M = 32;
layout(constant_id = ADAPTER_SPEC_TILE_N) const uint TILE_N = 32;

const uint STRIDE = GROUP_VECS + 1;   // one vec4 of padding keeps neighbouring rows in different banks
shared vec4 x_tile[TILE_M * STRIDE];
shared vec4 w_tile[TILE_N * STRIDE];

void stage_x(segment s, uint group) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_M * GROUP_VECS; i += gl_WorkGroupSize.x) {
    uint col = i / GROUP_VECS, v = i % GROUP_VECS;
    x_tile[col * STRIDE + v] = x_data[x_begin(segment_row(s, col)) + group * GROUP_VECS + v];
  }
}

void stage_w(uint row0, uint group) {
  for (uint i = gl_LocalInvocationIndex; i < TILE_N * GROUP_CHUNKS; i += gl_WorkGroupSize.x) {
    uint row = i / GROUP_CHUNKS, chunk = i % GROUP_CHUNKS;
    uint row_in = min(row0 + row, p.n - 1);
    vec4 w[CHUNK_VECS];
    chunk_decode(w_data[w_begin(row_in) + group * GROUP_CHUNKS + chunk], w);
    float step = step_load(row_in, group);
    [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++) w_tile[row * STRIDE + chunk * CHUNK_VECS + v] = w[v] * step;
  }
}

// Past the end of rank both are zero.
void stage_v(segment s, uint group) {
  const uint chunks = WEIGHTS_GROUP / ADAPTER_HALVES;
  for (uint i = gl_LocalInvocationIndex; i < TILE_M * chunks; i += gl_WorkGroupSize.x) {
    uint col = i / chunks, chunk = group * chunks + i % chunks;
    vec4 low = vec4(0.0), high = vec4(0.0);
    if (chunk < rank_chunks()) v_load(segment_row(s, col), chunk, low, high);
    x_tile[col * STRIDE + i % chunks * 2] = low;
    x_tile[col * STRIDE + i % chunks * 2 + 1] = high;
  }
}

void stage_b(segment s, uint row0, uint group) {
  const uint chunks = WEIGHTS_GROUP / ADAPTER_HALVES;
  for (uint i = gl_LocalInvocationIndex; i < TILE_N * chunks; i += gl_WorkGroupSize.x) {
    uint row = i / chunks, chunk = group * chunks + i % chunks;
    vec4 low = vec4(0.0), high = vec4(0.0);
    if (chunk < rank_chunks()) b_load(s.adapter, min(row0 + row, p.n - 1), chunk, low, high);
    w_tile[row * STRIDE + i % chunks * 2] = low;
    w_tile[row * STRIDE + i % chunks * 2 + 1] = high;
  }
}

void main() {
  segment s = segment_load(gl_WorkGroupID.y);
  if (s.count == 0) return;
  uint row0 = gl_WorkGroupID.x * TILE_N;
  // Outputs of an invocation lie TILE / REGISTERS apart, so that a row of invocations reads neighbouring rows.
  uint step_n = TILE_N / REGISTERS, step_m = TILE_M / REGISTERS;
  uint row = gl_LocalInvocationIndex % step_n, col = gl_LocalInvocationIndex / step_n;

  float sum[REGISTERS][REGISTERS];
  [[unroll]] for (uint c = 0; c < REGISTERS; c++)
    [[unroll]] for (uint r = 0; r < REGISTERS; r++) sum[c][r] = 0.0;

  uint steps = groups() + group_count(p.rank);
  for (uint i = 0; i < steps; i++) {
    if (i < groups()) {
      stage_x(s, i);
      stage_w(row0, i);
    } else {
      stage_v(s, i - groups());
      stage_b(s, row0, i - groups());
    }
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
    [[unroll]] for (uint r = 0; r < REGISTERS; r++) {
      uint at_col = col + c * step_m, at_row = row0 + row + r * step_n;
      if (at_col < s.count && at_row < p.n) y_store(s.adapter, segment_row(s, at_col), at_row, sum[c][r]);
    }
}
