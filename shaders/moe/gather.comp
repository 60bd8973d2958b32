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
// Slot by slot: the slot's id says whose matrix its row of x meets, and `down` sums a token's slots on the spot, before
// the reduction. A workgroup owns ROWS rows of w; its invocations stride over K together, 16 bytes of weights each.
// One pass, no sort, no scratch.
// Cost: an expert's weights are read once per slot that chose it; one reduction over the workgroup per output.
// Wins in decode on GPUs; with many tokens it is the baseline that a grouped kernel has to beat.
#include "routes.glsl"

layout(local_size_x_id = MOE_SPEC_THREADS) in;
layout(constant_id = MOE_SPEC_ROWS) const uint ROWS = 2;

#ifdef SUBGROUP
const uint PARTS = (gl_WorkGroupSize.x + 3) / 4;   // no subgroup is smaller than 4
#else
const uint PARTS = gl_WorkGroupSize.x;
#endif
shared float part[ROWS * PARTS];

void multiply_slot(uint slot, uint row0, inout float sum[ROWS]) {
  uint expert = route_expert(slot), x_at = x_of_slot(slot), chunks = groups() * GROUP_CHUNKS;
  float weight = push.down == 1 ? route_weight(slot) : 1.0;
  float slot_sum[ROWS];
  for (uint r = 0; r < ROWS; r++) slot_sum[r] = 0.0;
  for (uint chunk = gl_LocalInvocationIndex; chunk < chunks; chunk += gl_WorkGroupSize.x) {
    vec4 x[CHUNK_VECS];
    float x_sum = 0.0;
    [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++) {
      x[v] = x_data[x_at + chunk * CHUNK_VECS + v];
#ifdef HAS_ZERO
      x_sum += dot(x[v], vec4(1.0));
#endif
    }
    for (uint r = 0; r < ROWS; r++) {
      uint row = min(row0 + r, push.last_row - 1);   // a tail row repeats the last one and is not stored
      vec4 w[CHUNK_VECS];
      chunk_decode(w_data[w_row(expert, row) + chunk], w);
      vec2 scale = scale_load(expert, row, chunk / GROUP_CHUNKS);
      float product = 0.0;
      [[unroll]] for (uint v = 0; v < CHUNK_VECS; v++) product += dot(w[v], x[v]);
      slot_sum[r] += scale.x * product + scale.y * x_sum;
    }
  }
  for (uint r = 0; r < ROWS; r++) sum[r] += weight * slot_sum[r];
}

void reduce_and_store(float sum[ROWS], uint row0, uint at) {
#ifdef SUBGROUP
  for (uint r = 0; r < ROWS; r++) {
    float total = subgroupAdd(sum[r]);
    if (subgroupElect()) part[r * PARTS + gl_SubgroupID] = total;
  }
  uint parts = gl_NumSubgroups;
  barrier();
#else
  for (uint r = 0; r < ROWS; r++) part[r * PARTS + gl_LocalInvocationIndex] = sum[r];
  for (uint half_size = PARTS / 2; half_size >= 4; half_size /= 2) {
    barrier();
    if (gl_LocalInvocationIndex < half_size)
      for (uint r = 0; r < ROWS; r++)
        part[r * PARTS + gl_LocalInvocationIndex] += part[r * PARTS + gl_LocalInvocationIndex + half_size];
  }
  uint parts = min(PARTS, 4u);
  barrier();
#endif
  for (uint r = gl_LocalInvocationIndex; r < ROWS; r += gl_WorkGroupSize.x) {
    float total = 0.0;
    for (uint p = 0; p < parts; p++) total += part[r * PARTS + p];
    if (row0 + r >= push.last_row) continue;
    if (push.down == 1) y_add(at, row0 + r, total);
    else y_store(at, row0 + r, total);
  }
}

void main() {
  uint row0 = push.first_row + gl_WorkGroupID.x * ROWS;
  uint at = gl_WorkGroupID.y;   // a slot, for `down` a token
  if (push.down == 0 && !expert_here(route_expert(at))) return;   // another window stores it
  uint slots = push.down == 1 ? push.topk : 1;
  float sum[ROWS];
  for (uint r = 0; r < ROWS; r++) sum[r] = 0.0;
  for (uint slot = at * slots; slot < (at + 1) * slots; slot++)
    if (expert_here(route_expert(slot))) multiply_slot(slot, row0, sum);
  reduce_and_store(sum, row0, at);
}
