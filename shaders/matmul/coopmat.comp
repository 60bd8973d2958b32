#version 450
// needs: GL_KHR_cooperative_matrix
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
// Many rows of x (prefill) on a matrix unit. A workgroup brings K_STEP columns of its rows of x and of w into shared
// memory, as f16, weights decoded and scaled; each subgroup then multiplies FRAGMENTS_M x FRAGMENTS_N fragments of
// SIDE_M x SIDE_N outputs, whose sums stay in registers in f32. The sides are what the device advertises.
// Cost: activations and weights are rounded to f16, and saturate at its largest number; FRAGMENTS_M + FRAGMENTS_N
// fragments read from shared memory for FRAGMENTS_M * FRAGMENTS_N multiplied; two barriers per step.
// Wins wherever there is a matrix unit and m fills a tile. Loses where cooperative matrices are emulated (lavapipe).
//
// A tile is what one subgroup owns. The workgroup has an invocation for each lane of each tile, if the subgroups have
// the size that the host was told; where they are wider there are fewer, which take the tiles in turns; where they are
// narrower some are idle.
#include "weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;
layout(constant_id = MATMUL_SPEC_SIDE_M) const uint SIDE_M = 16;
layout(constant_id = MATMUL_SPEC_SIDE_N) const uint SIDE_N = 16;
layout(constant_id = MATMUL_SPEC_SIDE_K) const uint SIDE_K = 16;
layout(constant_id = MATMUL_SPEC_TILES_M) const uint TILES_M = 2;           // tiles of the workgroup
layout(constant_id = MATMUL_SPEC_TILES_N) const uint TILES_N = 2;
layout(constant_id = MATMUL_SPEC_FRAGMENTS_M) const uint FRAGMENTS_M = 2;   // fragments of a tile
layout(constant_id = MATMUL_SPEC_FRAGMENTS_N) const uint FRAGMENTS_N = 2;
layout(constant_id = MATMUL_SPEC_GROUPS_K) const uint GROUPS_K = 1;         // groups of 32 columns in a step

const uint TILE_M = FRAGMENTS_M * SIDE_M, TILE_N = FRAGMENTS_N * SIDE_N;
const uint BLOCK_M = TILES_M * TILE_M, BLOCK_N = TILES_N * TILE_N;

// 8 halves in a uvec4, which is the alignment that coopMatLoad asks for; one of padding keeps the rows in other banks.
const uint GROUP_EIGHTS = WEIGHTS_GROUP / 8;
const uint STRIDE = GROUPS_K * GROUP_EIGHTS + 1;
shared uvec4 x_tile[BLOCK_M * STRIDE];
shared uvec4 w_tile[BLOCK_N * STRIDE];
const uint SIDE_VECS = SIDE_N / 4;
shared vec4 y_tile[TILES_M * TILES_N * SIDE_M * SIDE_VECS];   // a fragment for each subgroup

const float F16_MAX = 65504.0;

uvec4 halves(vec4 a, vec4 b) {
  f16vec4 low = f16vec4(clamp(a, -F16_MAX, F16_MAX)), high = f16vec4(clamp(b, -F16_MAX, F16_MAX));
  return uvec4(packFloat2x16(low.xy), packFloat2x16(low.zw), packFloat2x16(high.xy), packFloat2x16(high.zw));
}

void stage_x(uint col0, uint group0) {
  const uint row_eights = GROUPS_K * GROUP_EIGHTS;
  for (uint i = gl_LocalInvocationIndex; i < BLOCK_M * row_eights; i += gl_WorkGroupSize.x) {
    uint col = i / row_eights, eight = i % row_eights;
    uvec4 value = uvec4(0);
    if (group0 + eight / GROUP_EIGHTS < groups()) {
      uint at = x_row(min(col0 + col, push.m - 1)) + group0 * GROUP_VECS + 2 * eight;
      value = halves(x_data[at], x_data[at + 1]);
    }
    x_tile[col * STRIDE + eight] = value;
  }
}

// The eights of a chunk, decoded and scaled. f16 weights are taken as they are.
void chunk_halves(uvec4 chunk, uint row, uint group, out uvec4 eights[(CHUNK_VECS + 1) / 2]) {
#if WEIGHTS == 1
  eights[0] = chunk;
#else
  vec4 w[CHUNK_VECS];
  chunk_decode(chunk, w);
  vec2 scale = scale_load(row, group);
  [[unroll]] for (uint v = 0; v < CHUNK_VECS; v += 2)
    eights[v / 2] = halves(w[v] * scale.x + scale.y, w[v + 1] * scale.x + scale.y);
#endif
}

// Zeros beyond the last group: the zeros of x do not cancel what may be no number.
void stage_w(uint row0, uint group0) {
  const uint row_chunks = GROUPS_K * GROUP_CHUNKS, chunk_eights = CHUNK_VECS / 2;
  for (uint i = gl_LocalInvocationIndex; i < BLOCK_N * row_chunks; i += gl_WorkGroupSize.x) {
    uint row = i / row_chunks, chunk = i % row_chunks, group = group0 + chunk / GROUP_CHUNKS;
    uint row_in = min(row0 + row, push.n - 1), at = row * STRIDE + chunk * chunk_eights;
    uvec4 eights[chunk_eights];
    [[unroll]] for (uint e = 0; e < chunk_eights; e++) eights[e] = uvec4(0);
    if (group < groups()) chunk_halves(w_data[w_row(row_in) + group0 * GROUP_CHUNKS + chunk], row_in, group, eights);
    [[unroll]] for (uint e = 0; e < chunk_eights; e++) w_tile[at + e] = eights[e];
  }
}

#define FRAGMENT_X coopmat<float16_t, gl_ScopeSubgroup, SIDE_M, SIDE_K, gl_MatrixUseA>
#define FRAGMENT_W coopmat<float16_t, gl_ScopeSubgroup, SIDE_K, SIDE_N, gl_MatrixUseB>
#define FRAGMENT_Y coopmat<float, gl_ScopeSubgroup, SIDE_M, SIDE_N, gl_MatrixUseAccumulator>

// Through shared memory: a fragment's layout in registers is the driver's, and its edges may lie outside y. The
// barriers are of the workgroup, idle subgroups included: lavapipe of Mesa 26.1 takes those of a subgroup for such.
void store(FRAGMENT_Y sum, bool idle, uint col0, uint row0) {
  uint stage = gl_SubgroupID * SIDE_M * SIDE_VECS;
  if (!idle) coopMatStore(sum, y_tile, stage, SIDE_VECS, gl_CooperativeMatrixLayoutRowMajor);
  barrier();
  for (uint i = gl_SubgroupInvocationID; i < SIDE_M * SIDE_VECS && !idle; i += gl_SubgroupSize) {
    uint col = col0 + i / SIDE_VECS, row = row0 + i % SIDE_VECS * 4;
    vec4 value = y_tile[stage + i];
    if (col < push.m)
      [[unroll]] for (uint r = 0; r < 4; r++)
        if (row + r < push.n) y_store(col, row + r, value[r]);
  }
  barrier();
}

void main() {
  uint row0 = gl_WorkGroupID.x * BLOCK_N, col0 = gl_WorkGroupID.y * BLOCK_M;
  const uint tiles = TILES_M * TILES_N;
  for (uint first = 0; first < tiles; first += gl_NumSubgroups) {
    uint tile = first + gl_SubgroupID;
    bool idle = tile >= tiles;
    uint col = idle ? 0 : tile / TILES_N * TILE_M, row = idle ? 0 : tile % TILES_N * TILE_N;

    FRAGMENT_Y sum[FRAGMENTS_M * FRAGMENTS_N];
    [[unroll]] for (uint f = 0; f < FRAGMENTS_M * FRAGMENTS_N; f++) sum[f] = FRAGMENT_Y(0.0);

    for (uint group = 0; group < groups(); group += GROUPS_K) {
      barrier();   // the previous step has been multiplied
      stage_x(col0, group);
      stage_w(row0, group);
      barrier();
      [[unroll]] for (uint k = 0; k < GROUPS_K * WEIGHTS_GROUP; k += SIDE_K) {
        FRAGMENT_X x[FRAGMENTS_M];
        [[unroll]] for (uint m = 0; m < FRAGMENTS_M; m++)
          coopMatLoad(x[m], x_tile, (col + m * SIDE_M) * STRIDE + k / 8, STRIDE, gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint n = 0; n < FRAGMENTS_N; n++) {
          FRAGMENT_W w;
          coopMatLoad(w, w_tile, (row + n * SIDE_N) * STRIDE + k / 8, STRIDE, gl_CooperativeMatrixLayoutColumnMajor);
          [[unroll]] for (uint m = 0; m < FRAGMENTS_M; m++)
            sum[m * FRAGMENTS_N + n] = coopMatMulAdd(x[m], w, sum[m * FRAGMENTS_N + n]);
        }
      }
    }
    [[unroll]] for (uint m = 0; m < FRAGMENTS_M; m++)
      [[unroll]] for (uint n = 0; n < FRAGMENTS_N; n++)
        store(sum[m * FRAGMENTS_N + n], idle, col0 + col + m * SIDE_M, row0 + row + n * SIDE_N);
  }
}
