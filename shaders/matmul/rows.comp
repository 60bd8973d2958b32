#version 450
// build: f32_1 -DWEIGHTS=0 -DCOLS=1
// build: f32_4 -DWEIGHTS=0 -DCOLS=4
// build: f32_8 -DWEIGHTS=0 -DCOLS=8
// build: f16_1 -DWEIGHTS=1 -DCOLS=1
// build: f16_4 -DWEIGHTS=1 -DCOLS=4
// build: f16_8 -DWEIGHTS=1 -DCOLS=8
// build: int8_g32_1 -DWEIGHTS=2 -DCOLS=1
// build: int8_g32_4 -DWEIGHTS=2 -DCOLS=4
// build: int8_g32_8 -DWEIGHTS=2 -DCOLS=8
// build: int4_g32_1 -DWEIGHTS=3 -DCOLS=1
// build: int4_g32_4 -DWEIGHTS=3 -DCOLS=4
// build: int4_g32_8 -DWEIGHTS=3 -DCOLS=8
// build: int4z_g32_1 -DWEIGHTS=4 -DCOLS=1
// build: int4z_g32_4 -DWEIGHTS=4 -DCOLS=4
// build: int4z_g32_8 -DWEIGHTS=4 -DCOLS=8
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;
#ifndef XMODE
#define XMODE 2
#endif
#ifndef MAD
#define MAD(a,b,c) ((a)*(b)+(c))
#endif

void main() {
  uint row = gl_GlobalInvocationID.x;
  uint row_in = min(row, push.n - 1);
  uint col0 = gl_WorkGroupID.y * COLS;
  uint w_at = w_row(row_in);
  uint x_at[COLS];
  [[unroll]] for (uint c = 0; c < COLS; c++) x_at[c] = x_row(min(col0 + c, push.m - 1));
  float sum[COLS];
  [[unroll]] for (uint c = 0; c < COLS; c++) sum[c] = 0.0;

  for (uint g = 0; g < groups(); g++) {
    vec4 w[GROUP_VECS];
    [[unroll]] for (uint i = 0; i < GROUP_CHUNKS; i++) {
      vec4 part[CHUNK_VECS];
      chunk_decode(w_data[w_at + g * GROUP_CHUNKS + i], part);
      [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++) w[i * CHUNK_VECS + v] = part[v];
    }
    vec2 scale = scale_load(row_in, g);
    [[unroll]] for (uint c = 0; c < COLS; c++) {
#if XMODE == 2
      vec4 mine[2];
      uint lane = gl_SubgroupInvocationID;
      if (gl_SubgroupSize >= 8) mine[0] = x_data[x_at[c] + g * GROUP_VECS + (lane & 7)];
      else {
        mine[0] = x_data[x_at[c] + g * GROUP_VECS + (lane & 3)];
        mine[1] = x_data[x_at[c] + g * GROUP_VECS + (lane & 3) + 4];
      }
#endif
      float product = 0.0, x_sum = 0.0;
      [[unroll]] for (uint v = 0; v < GROUP_VECS; v++) {
#if XMODE == 2
        vec4 x = gl_SubgroupSize >= 8 ? subgroupBroadcast(mine[0], v) : subgroupBroadcast(mine[v / 4], v % 4);
#else
        vec4 x = x_data[x_at[c] + g * GROUP_VECS + v];
#endif
        product = MAD(w[v].x, x.x, product);
        product = MAD(w[v].y, x.y, product);
        product = MAD(w[v].z, x.z, product);
        product = MAD(w[v].w, x.w, product);
#ifdef HAS_ZERO
        x_sum += x.x + x.y + x.z + x.w;
#endif
      }
      sum[c] += scale.x * product + scale.y * x_sum;
    }
  }
  if (row < push.n)
    [[unroll]] for (uint c = 0; c < COLS; c++)
      if (col0 + c < push.m) y_store(col0 + c, row, sum[c]);
}
