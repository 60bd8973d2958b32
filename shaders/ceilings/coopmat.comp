#version 450
// needs: GL_KHR_cooperative_matrix
// build: f16_f32
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
// Rate of the matrix unit, f16 times f16 summed in f32. Idea: 8 chains sum = a b + sum of fragments in registers, of
// the sides that the device advertises, started apart so that none can stand for another. Every row of a holds the
// same 8 numbers again and again, and every column of b another 8, so that the end of a chain can be told whatever
// the sides are. Cost: registers, and one word read and written per element. There is nothing to win: it measures.
#include "ceilings.h"

layout(local_size_x_id = CEILINGS_SPEC_THREADS) in;
layout(constant_id = CEILINGS_SPEC_SIDE_M) const uint SIDE_M = 16;
layout(constant_id = CEILINGS_SPEC_SIDE_N) const uint SIDE_N = 16;
layout(constant_id = CEILINGS_SPEC_SIDE_K) const uint SIDE_K = 16;
layout(constant_id = CEILINGS_SPEC_TILES) const uint TILES = 4;   // of the workgroup, one a subgroup
layout(push_constant) uniform Push { ceilings_chains push; };
layout(binding = 0) readonly buffer Start { float start[]; };
layout(binding = 1) readonly buffer Factors { float factors[]; };   // 8 of a, 8 of b
layout(binding = 2) writeonly buffer Output { float result[]; };

const uint EIGHTS = SIDE_K / CEILINGS_PERIOD, SIDE_VECS = SIDE_N / 4, TILE = SIDE_M * SIDE_N;
shared uvec4 a_tile[SIDE_M * EIGHTS];
shared uvec4 b_tile[SIDE_N * EIGHTS];
shared vec4 tile[TILES * SIDE_M * SIDE_VECS];

#define FRAGMENT_A coopmat<float16_t, gl_ScopeSubgroup, SIDE_M, SIDE_K, gl_MatrixUseA>
#define FRAGMENT_B coopmat<float16_t, gl_ScopeSubgroup, SIDE_K, SIDE_N, gl_MatrixUseB>
#define FRAGMENT_C coopmat<float, gl_ScopeSubgroup, SIDE_M, SIDE_N, gl_MatrixUseAccumulator>

uvec4 factors_load(uint first) {
  uvec4 halves;
  [[unroll]] for (uint i = 0; i < 4; i++) {
    uint at = push.base[1] + first + 2 * i;
    halves[i] = packFloat2x16(f16vec2(factors[at], factors[at + 1]));
  }
  return halves;
}

void stage_factors() {
  for (uint i = gl_LocalInvocationIndex; i < SIDE_M * EIGHTS; i += gl_WorkGroupSize.x) a_tile[i] = factors_load(0);
  for (uint i = gl_LocalInvocationIndex; i < SIDE_N * EIGHTS; i += gl_WorkGroupSize.x)
    b_tile[i] = factors_load(CEILINGS_PERIOD);
}

void run(uint stage, FRAGMENT_A a, FRAGMENT_B b) {
  FRAGMENT_C begin, chain[CEILINGS_COOPMAT_CHAINS];
  coopMatLoad(begin, tile, stage, SIDE_VECS, gl_CooperativeMatrixLayoutRowMajor);
  [[unroll]] for (uint c = 0; c < CEILINGS_COOPMAT_CHAINS; c++) chain[c] = begin + FRAGMENT_C(float(c));
  uint steps = push.trips * CEILINGS_PERIOD / SIDE_K;
  for (uint t = 0; t < steps; t++)
    [[unroll]] for (uint c = 0; c < CEILINGS_COOPMAT_CHAINS; c++) chain[c] = coopMatMulAdd(a, b, chain[c]);
  [[unroll]] for (uint c = 1; c < CEILINGS_COOPMAT_CHAINS; c++) chain[0] = chain[0] + chain[c];
  coopMatStore(chain[0], tile, stage, SIDE_VECS, gl_CooperativeMatrixLayoutRowMajor);
}

void main() {
  stage_factors();
  barrier();
  FRAGMENT_A a;
  FRAGMENT_B b;
  coopMatLoad(a, a_tile, 0, EIGHTS, gl_CooperativeMatrixLayoutRowMajor);
  coopMatLoad(b, b_tile, 0, EIGHTS, gl_CooperativeMatrixLayoutColumnMajor);
  // Subgroups wider than the host was told take the tiles in turns; of narrower ones some are idle.
  for (uint turn = 0; turn < TILES; turn += gl_NumSubgroups) {
    uint t = turn + gl_SubgroupID, first = (gl_WorkGroupID.x * TILES + t) * TILE, stage = t * SIDE_M * SIDE_VECS;
    uint elements = t < TILES ? TILE : 0;
    for (uint i = gl_SubgroupInvocationID; i < elements; i += gl_SubgroupSize)
      tile[stage + i / 4][i % 4] = first + i < push.elements ? start[push.base[0] + first + i] : 0.0;
    barrier();
    if (elements != 0) run(stage, a, b);
    barrier();
    for (uint i = gl_SubgroupInvocationID; i < elements; i += gl_SubgroupSize)
      if (first + i < push.elements) result[push.base[2] + first + i] = tile[stage + i / 4][i % 4];
  }
}
