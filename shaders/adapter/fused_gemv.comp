#version 450
// build: f16 -DWEIGHTS=1
// build: int4_g32 -DWEIGHTS=3
// build: f16_sg -DWEIGHTS=1 -DSUBGROUP
// build: int4_g32_sg -DWEIGHTS=3 -DSUBGROUP
// build: f16_dora -DWEIGHTS=1 -DDORA
// build: int4_g32_dora -DWEIGHTS=3 -DDORA
// build: f16_dora_sg -DWEIGHTS=1 -DDORA -DSUBGROUP
// build: int4_g32_dora_sg -DWEIGHTS=3 -DDORA -DSUBGROUP
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
// Few rows of x (decode), each with an adapter of its own. The idea: y = W x + B v is one dot product over k + rank
// elements, [x v] with [W B]. So the invocations that stride over a row of W go on over the same row of B into the same
// accumulators, and the reduction that the base needs anyway serves both.
// Cost over the base: rank / 8 loads of B and v per output, shared by the workgroup; no launch, no second pass over y.
// Wins where matmul's gemv does: GPUs. Loses on CPU drivers to fused_rows.
#include "fused.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = ADAPTER_SPEC_ROWS) const uint ROWS = 2;
layout(constant_id = ADAPTER_SPEC_COLS) const uint COLS = 1;
layout(set = 0, binding = ADAPTER_FUSED_IDS) readonly buffer id_buffer { uint id_data[]; };

const uint SUMS = ROWS * COLS;
#include "reduce.glsl"

uint adapter_of(uint col) { return id_data[base[ADAPTER_FUSED_IDS] + col]; }

// A tail row repeats the last one and is not stored.
uint row_in(uint row) { return min(row, p.n - 1); }

void add_base(uint row0, inout float sum[SUMS]) {
  for (uint chunk = gl_LocalInvocationIndex; chunk < groups() * GROUP_CHUNKS; chunk += gl_WorkGroupSize.x) {
    uvec4 w[ROWS];
    float product[SUMS];
    for (uint r = 0; r < ROWS; r++) w[r] = w_data[w_begin(row_in(row0 + r)) + chunk];
    for (uint i = 0; i < SUMS; i++) product[i] = 0.0;
    // Vector by vector: a whole chunk of 8 rows of x would be 256 registers, and did spill (docs/codegen.md).
    [[unroll]] for (int v = 0; v < CHUNK_VECS; v++) {
      vec4 weights[ROWS];
      for (uint r = 0; r < ROWS; r++) weights[r] = chunk_vector(w[r], v);
      for (uint c = 0; c < COLS; c++) {
        vec4 x = x_data[x_begin(c) + chunk * CHUNK_VECS + v];
        for (uint r = 0; r < ROWS; r++) product[r * COLS + c] += dot(weights[r], x);
      }
    }
    for (uint r = 0; r < ROWS; r++) {
      float step = step_load(row_in(row0 + r), chunk / GROUP_CHUNKS);
      for (uint c = 0; c < COLS; c++) sum[r * COLS + c] += step * product[r * COLS + c];
    }
  }
}

void add_adapter(uint row0, inout float sum[SUMS]) {
  for (uint chunk = gl_LocalInvocationIndex; chunk < rank_chunks(); chunk += gl_WorkGroupSize.x)
    for (uint c = 0; c < COLS; c++) {
      vec4 low, high;
      v_load(c, chunk, low, high);
      for (uint r = 0; r < ROWS; r++) {
        vec4 b_low, b_high;
        b_load(adapter_of(c), row_in(row0 + r), chunk, b_low, b_high);
        sum[r * COLS + c] += dot(b_low, low) + dot(b_high, high);
      }
    }
}

void main() {
  uint row0 = gl_WorkGroupID.x * ROWS;
  float sum[SUMS];
  for (uint i = 0; i < SUMS; i++) sum[i] = 0.0;
  add_base(row0, sum);
  add_adapter(row0, sum);
  reduce(sum);
  for (uint i = gl_LocalInvocationIndex; i < SUMS; i += gl_WorkGroupSize.x) {
    uint row = row0 + i / COLS, col = i % COLS;
    if (row < p.n) y_store(adapter_of(col), col, row, reduced(i));
  }
}
