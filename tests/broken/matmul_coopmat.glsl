// A matmul on a matrix unit that is right but for what a broken kernel redefines: one fragment at a time, in the
// dispatches of matmul.*.coopmat. Each macro below is one place where a kernel can go wrong.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#include "matmul/weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;
layout(constant_id = MATMUL_SPEC_SIDE_M) const uint SIDE_M = 16;
layout(constant_id = MATMUL_SPEC_SIDE_N) const uint SIDE_N = 16;
layout(constant_id = MATMUL_SPEC_SIDE_K) const uint SIDE_K = 16;
layout(constant_id = MATMUL_SPEC_TILES_M) const uint TILES_M = 2;
layout(constant_id = MATMUL_SPEC_TILES_N) const uint TILES_N = 2;
layout(constant_id = MATMUL_SPEC_FRAGMENTS_M) const uint FRAGMENTS_M = 2;
layout(constant_id = MATMUL_SPEC_FRAGMENTS_N) const uint FRAGMENTS_N = 2;

#ifndef SKIPS
#define SKIPS(k) false                                       // fragments of K, by their first column, that are left out
#endif
#ifndef OPERAND
#define OPERAND(value) float16_t(clamp(value, -65504.0, 65504.0))
#endif
#ifndef STORES
#define STORES(col, row) (col < push.m && row < push.n)
#endif

// A fragment of each for every subgroup; the workgroup has at most one subgroup for each of its fragments.
const uint FRAGMENTS_X = TILES_M * FRAGMENTS_M, FRAGMENTS = FRAGMENTS_X * TILES_N * FRAGMENTS_N;
shared float16_t x_part[FRAGMENTS * SIDE_M * SIDE_K];
shared float16_t w_part[FRAGMENTS * SIDE_N * SIDE_K];
shared float y_part[FRAGMENTS * SIDE_M * SIDE_N];

float w_element(uint row, uint k) {
  vec4 w[CHUNK_VECS];
  uint per_chunk = CHUNK_VECS * 4;
  chunk_decode(w_data[w_row(row) + k / per_chunk], w);
  vec2 scale = scale_load(row, k / WEIGHTS_GROUP);
  return scale.x * w[k % per_chunk / 4][k % 4] + scale.y;
}

void subgroup_sync() {
  controlBarrier(gl_ScopeSubgroup, gl_ScopeSubgroup, gl_StorageSemanticsShared, gl_SemanticsAcquireRelease);
}

void stage(uint col0, uint row0, uint k0) {
  for (uint i = gl_SubgroupInvocationID; i < SIDE_M * SIDE_K; i += gl_SubgroupSize) {
    uint k = k0 + i % SIDE_K;
    float x = x_data[x_row(min(col0 + i / SIDE_K, push.m - 1)) + k / 4][k % 4];
    x_part[gl_SubgroupID * SIDE_M * SIDE_K + i] = OPERAND(x);
  }
  for (uint i = gl_SubgroupInvocationID; i < SIDE_N * SIDE_K; i += gl_SubgroupSize)
    w_part[gl_SubgroupID * SIDE_N * SIDE_K + i] =
      OPERAND(w_element(min(row0 + i / SIDE_K, push.n - 1), k0 + i % SIDE_K));
}

void fragment(uint col0, uint row0) {
  coopmat<float, gl_ScopeSubgroup, SIDE_M, SIDE_N, gl_MatrixUseAccumulator> sum =
    coopmat<float, gl_ScopeSubgroup, SIDE_M, SIDE_N, gl_MatrixUseAccumulator>(0.0);
  for (uint k = 0; k < groups() * WEIGHTS_GROUP; k += SIDE_K) {
    if (SKIPS(k)) continue;
    subgroup_sync();
    stage(col0, row0, k);
    subgroup_sync();
    coopmat<float16_t, gl_ScopeSubgroup, SIDE_M, SIDE_K, gl_MatrixUseA> x;
    coopmat<float16_t, gl_ScopeSubgroup, SIDE_K, SIDE_N, gl_MatrixUseB> w;
    coopMatLoad(x, x_part, gl_SubgroupID * SIDE_M * SIDE_K, SIDE_K, gl_CooperativeMatrixLayoutRowMajor);
    coopMatLoad(w, w_part, gl_SubgroupID * SIDE_N * SIDE_K, SIDE_K, gl_CooperativeMatrixLayoutColumnMajor);
    sum = coopMatMulAdd(x, w, sum);
  }
  coopMatStore(sum, y_part, gl_SubgroupID * SIDE_M * SIDE_N, SIDE_N, gl_CooperativeMatrixLayoutRowMajor);
  subgroup_sync();
  for (uint i = gl_SubgroupInvocationID; i < SIDE_M * SIDE_N; i += gl_SubgroupSize)
    if (STORES(col0 + i / SIDE_N, row0 + i % SIDE_N))
      y_store(col0 + i / SIDE_N, row0 + i % SIDE_N, y_part[gl_SubgroupID * SIDE_M * SIDE_N + i]);
}

void main() {
  for (uint f = gl_SubgroupID; f < FRAGMENTS; f += gl_NumSubgroups)
    fragment((gl_WorkGroupID.y * FRAGMENTS_X + f % FRAGMENTS_X) * SIDE_M,
             (gl_WorkGroupID.x * TILES_N * FRAGMENTS_N + f / FRAGMENTS_X) * SIDE_N);
}
