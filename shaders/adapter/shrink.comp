#version 450
// build: main
// build: sg -DSUBGROUP
// build: grouped -DGROUPED
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
// v = s (A x): from k elements to `rank`, so all of the work is along k. A workgroup owns a few rows of A, one part of
// k and, GROUPED, ADAPTER_COLS rows of x of one adapter, else one; its invocations stride over the part, 16 bytes of A
// each. The parts of k give a device enough workgroups where rank / 4 is far from it; each leaves its sum in scratch,
// and whoever reads v adds them up: no float atomics, so every run gives the same bits.
// Cost: reads A once per segment; one reduction over the workgroup per sum. With rank 16 at k = n = 4096 that is 16 of
// 4096 parts of the flops of the base, and of the bytes of an f16 one: what counts is the launch.
#include "adapter.h"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform push { uint base[ADAPTER_SHRINK_BINDINGS]; adapter_params p; };
layout(set = 0, binding = ADAPTER_SHRINK_X) readonly buffer x_buffer { vec4 x_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_A) readonly buffer a_buffer { uvec4 a_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_V) writeonly buffer v_buffer { float v_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_SCALE) readonly buffer scale_buffer { float scale_data[]; };

#define SEGMENT_BINDING ADAPTER_SHRINK_IDS
#include "common/unpack.glsl"
#include "segment.glsl"
const uint SUMS = ADAPTER_SHRINK_ROWS * COLS;
#include "reduce.glsl"

uint k_chunks() { return (p.k + 31) / 32 * 4; }

void main() {
  segment s = segment_load(gl_WorkGroupID.z);
  uint split = gl_WorkGroupID.y % p.splits, col0 = gl_WorkGroupID.y / p.splits * COLS;
  if (col0 >= s.count) return;
  uint rank0 = gl_WorkGroupID.x * ADAPTER_SHRINK_ROWS;

  uint x_at[COLS], a_at[ADAPTER_SHRINK_ROWS];
  [[unroll]] for (uint c = 0; c < COLS; c++)
    x_at[c] = base[ADAPTER_SHRINK_X] / 4 + segment_row(s, col0 + c) * k_chunks() * 2;
  [[unroll]] for (uint r = 0; r < ADAPTER_SHRINK_ROWS; r++)
    a_at[r] = base[ADAPTER_SHRINK_A] / 4 + (s.adapter * p.rank + min(rank0 + r, p.rank - 1)) * k_chunks();

  float sum[SUMS];
  [[unroll]] for (uint i = 0; i < SUMS; i++) sum[i] = 0.0;
  uint end = min((split + 1) * p.part, k_chunks());
  for (uint chunk = split * p.part + gl_LocalInvocationIndex; chunk < end; chunk += gl_WorkGroupSize.x) {
    vec4 low[COLS], high[COLS];
    [[unroll]] for (uint c = 0; c < COLS; c++) {
      low[c] = x_data[x_at[c] + 2 * chunk];
      high[c] = x_data[x_at[c] + 2 * chunk + 1];
    }
    [[unroll]] for (uint r = 0; r < ADAPTER_SHRINK_ROWS; r++) {
      uvec4 a = a_data[a_at[r] + chunk];
      vec4 a_low = unpack_half(a.xy), a_high = unpack_half(a.zw);
      [[unroll]] for (uint c = 0; c < COLS; c++) sum[r * COLS + c] += dot(a_low, low[c]) + dot(a_high, high[c]);
    }
  }
  reduce(sum);

  float scale = scale_data[base[ADAPTER_SHRINK_SCALE] + s.adapter];
  uint v_row = (p.rank + ADAPTER_HALVES - 1) / ADAPTER_HALVES * ADAPTER_HALVES;
  for (uint i = gl_LocalInvocationIndex; i < SUMS; i += gl_WorkGroupSize.x) {
    uint row = rank0 + i / COLS, col = col0 + i % COLS;
    if (col >= s.count) continue;
    uint at = (segment_row(s, col) * p.splits + split) * v_row + row;
    v_data[base[ADAPTER_SHRINK_V] + at] = row < p.rank ? scale * reduced(i) : 0.0;
  }
}
