#version 450
// build: f32 -DWEIGHTS=0
// build: f16 -DWEIGHTS=1
// build: int8_g32 -DWEIGHTS=2
// build: int4_g32 -DWEIGHTS=3
// build: int4z_g32 -DWEIGHTS=4
// build: f32_sg -DWEIGHTS=0 -DSUBGROUP
// build: f16_sg -DWEIGHTS=1 -DSUBGROUP
// build: int8_g32_sg -DWEIGHTS=2 -DSUBGROUP
// build: int4_g32_sg -DWEIGHTS=3 -DSUBGROUP
// build: int4z_g32_sg -DWEIGHTS=4 -DSUBGROUP
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
// Few rows of x (decode). One workgroup owns ROWS rows of w; its invocations stride over K together, 16 bytes of
// weights each, so that neighbours read neighbouring memory. Each vec4 of x that meets a chunk is loaded once and
// used for all ROWS; each (row, column) has an accumulator in a register. The scale multiplies once per chunk.
// Cost: one reduction over the workgroup per output: through shared memory, or (SUBGROUP) by subgroupAdd with
// shared memory only between the subgroups of a workgroup, which works at any subgroup size.
// Wins wherever memory is the limit and neighbouring loads coalesce: GPUs. Loses on CPU drivers (see rows.comp).
#include "weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;
layout(constant_id = MATMUL_SPEC_ROWS) const uint ROWS = 2;
layout(constant_id = MATMUL_SPEC_COLS) const uint COLS = 1;

const uint SUMS = ROWS * COLS;
#ifdef SUBGROUP
const uint PARTS = (gl_WorkGroupSize.x + 3) / 4;   // no subgroup is smaller than 4
#else
const uint PARTS = gl_WorkGroupSize.x;
#endif
shared float part[SUMS * PARTS];

void reduce_and_store(float sum[SUMS], uint row0) {
#ifdef SUBGROUP
  for (uint s = 0; s < SUMS; s++) {
    float total = subgroupAdd(sum[s]);
    if (subgroupElect()) part[s * PARTS + gl_SubgroupID] = total;
  }
  uint parts = gl_NumSubgroups;
  barrier();
#else
  for (uint s = 0; s < SUMS; s++) part[s * PARTS + gl_LocalInvocationIndex] = sum[s];
  for (uint half_size = PARTS / 2; half_size >= 4; half_size /= 2) {
    barrier();
    if (gl_LocalInvocationIndex < half_size)
      for (uint s = 0; s < SUMS; s++)
        part[s * PARTS + gl_LocalInvocationIndex] += part[s * PARTS + gl_LocalInvocationIndex + half_size];
  }
  uint parts = min(PARTS, 4u);
  barrier();
#endif
  for (uint s = gl_LocalInvocationIndex; s < SUMS; s += gl_WorkGroupSize.x) {
    float total = 0.0;
    for (uint p = 0; p < parts; p++) total += part[s * PARTS + p];
    uint row = row0 + s / COLS;
    if (row < push.n) y_store(s % COLS, row, total);
  }
}

void main() {
  uint row0 = gl_WorkGroupID.x * ROWS;
  float sum[SUMS];
  for (uint s = 0; s < SUMS; s++) sum[s] = 0.0;

  uint chunks = groups() * GROUP_CHUNKS;
  for (uint chunk = gl_LocalInvocationIndex; chunk < chunks; chunk += gl_WorkGroupSize.x) {
    uvec4 w[ROWS];
    float product[SUMS], x_sum[COLS];
    // A row past the end is the last one again, and not stored.
    for (uint r = 0; r < ROWS; r++) w[r] = w_data[w_row(min(row0 + r, push.n - 1)) + chunk];
    for (uint s = 0; s < SUMS; s++) product[s] = 0.0;
    for (uint c = 0; c < COLS; c++) x_sum[c] = 0.0;
    // Vector by vector: a whole chunk of 8 rows of x would be 256 registers, and did spill (docs/codegen.md).
    [[unroll]] for (int v = 0; v < CHUNK_VECS; v++) {
      vec4 weights[ROWS];
      for (uint r = 0; r < ROWS; r++) weights[r] = chunk_vector(w[r], v);
      for (uint c = 0; c < COLS; c++) {
        vec4 x = x_data[x_row(c) + chunk * CHUNK_VECS + v];
        for (uint r = 0; r < ROWS; r++) product[r * COLS + c] += dot(weights[r], x);
#ifdef HAS_ZERO
        x_sum[c] += dot(x, vec4(1.0));
#endif
      }
    }
    for (uint r = 0; r < ROWS; r++) {
      vec2 scale = scale_load(min(row0 + r, push.n - 1), chunk / GROUP_CHUNKS);
      for (uint c = 0; c < COLS; c++) sum[r * COLS + c] += scale.x * product[r * COLS + c] + scale.y * x_sum[c];
    }
  }
  reduce_and_store(sum, row0);
}
