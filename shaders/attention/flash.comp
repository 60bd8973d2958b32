#version 450
// One pass over the keys with online softmax (Milakov and Gimelshein 2018; FlashAttention, Dao et al. 2022).
//
// Idea: a workgroup owns ROWS query rows of one (sequence, KV head) pair and walks its keys in blocks. First every
// invocation is a key: it reads that key once and dots it with all ROWS queries, whose addresses are uniform: a scalar
// or broadcast load. No lane ever talks to another for a score. Then every invocation is four elements of the output:
// it reads V along the row and adds it to ROWS accumulators in registers. Between the two the running maximum of each
// row rises, and what was summed under the old one is scaled down.
// The rows of all query heads of a KV head are neighbours, so grouped queries share each K and V that is read.
// PARTIAL: the workgroup sees one chunk of the keys and leaves (max, sum) and its unnormalised output to merge.comp.
//
// Cost: K and V are read once per ROWS rows; 3 barriers a block with subgroup operations, 4 without.
// Wins: always over naive once the scores outgrow the cache; split, when rows x KV heads alone cannot fill the device.
//
// build: f16_r1 -DROWS=1
// build: f16_r4 -DROWS=4
// build: f16_r8 -DROWS=8
// build: f16_r16 -DROWS=16
// build: int8_r1 -DROWS=1 -DKV_INT8
// build: int8_r4 -DROWS=4 -DKV_INT8
// build: int8_r8 -DROWS=8 -DKV_INT8
// build: int8_r16 -DROWS=16 -DKV_INT8
// build: f16_subgroup_r1 -DROWS=1 -DSUBGROUP
// build: f16_subgroup_r4 -DROWS=4 -DSUBGROUP
// build: f16_subgroup_r8 -DROWS=8 -DSUBGROUP
// build: f16_subgroup_r16 -DROWS=16 -DSUBGROUP
// build: int8_subgroup_r1 -DROWS=1 -DKV_INT8 -DSUBGROUP
// build: int8_subgroup_r4 -DROWS=4 -DKV_INT8 -DSUBGROUP
// build: int8_subgroup_r8 -DROWS=8 -DKV_INT8 -DSUBGROUP
// build: int8_subgroup_r16 -DROWS=16 -DKV_INT8 -DSUBGROUP
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "io.glsl"

layout(constant_id = ATTENTION_SPEC_KEYS) const uint KEYS = 1;
layout(constant_id = ATTENTION_SPEC_PARTIAL) const uint PARTIAL = 0;

#include "flash_reduce.glsl"

const uint UNROLL = ATTENTION_FLASH_UNROLL(ROWS);
#if ROWS >= 8
#define MANY_ROWS_ROLLED [[dont_unroll]]
#else
#define MANY_ROWS_ROLLED
#endif

// Scaled dot products of one key with the tile's rows. Their addresses are uniform: one load serves the workgroup.
void dot_rows(uint pair, uint first, uint key, out float s[ROWS]) {
  [[unroll]] for (uint r = 0; r < ROWS; r++) s[r] = 0.0;
  // With many rows a step is work enough, and unrolled, the queries of all steps would be loaded before the first block
  // and kept: 1,024 scalar registers at 16 rows of 64 (docs/codegen.md).
  MANY_ROWS_ROLLED for (uint step = 0; step < STEPS; step++) {
    vec4 low, high;
    key_load(pair, key, step, low, high);
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      const uint row = min(first + r, p.rows - 1);
      s[r] += dot(query_load(pair, row, 2 * step), low) + dot(query_load(pair, row, 2 * step + 1), high);
    }
  }
  [[unroll]] for (uint r = 0; r < ROWS; r++) s[r] *= p.scale;
}

void main() {
  const uint t = gl_LocalInvocationID.x;
  const uint pair = gl_WorkGroupID.z;
  const uint first = gl_WorkGroupID.x * ROWS;
  const uint begin = gl_WorkGroupID.y * p.chunk;
  const uint end = min(begin + p.chunk, visible_keys_of_tile(first, ROWS));

  if (t < ROWS) visible[t] = visible_keys(min(first + t, p.rows - 1));
  barrier();
  float top[ROWS], sum[ROWS];
  vec4 o[ROWS];
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    top[r] = ATTENTION_LOWEST;
    sum[r] = 0.0;
    o[r] = vec4(0.0);
  }

  for (uint block = begin; block < end; block += BLOCK) {
    float peak[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; r++) peak[r] = ATTENTION_LOWEST;
    for (uint k = 0; k < KEYS; k++) {
      const uint i = t + k * THREADS;
      float s[ROWS];
      dot_rows(pair, first, min(block + i, p.keys - 1), s);
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float masked = block + i < visible[r] ? s[r] : ATTENTION_LOWEST;
        weight[r * BLOCK + i] = masked;
        peak[r] = max(peak[r], masked);
      }
    }

    row_max(peak);
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      const float risen = max(top[r], peak[r]);
      const float shrink = risen == top[r] ? 1.0 : exp(top[r] - risen);
      top[r] = risen;
      sum[r] *= shrink;
      o[r] *= shrink;
    }

    for (uint k = 0; k < KEYS; k++) {
      const uint i = t + k * THREADS;
      [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float e = block + i < visible[r] ? exp(weight[r * BLOCK + i] - top[r]) : 0.0;
        weight[r * BLOCK + i] = e;
        sum[r] += e;
      }
    }
    barrier();

    // Teams of LANES invocations take every TEAMS-th key; a trip is uniform, what lies past the block weighs nothing.
    const uint count = min(BLOCK, end - block);
    for (uint i = 0; i < count; i += UNROLL * TEAMS)
      [[unroll]] for (uint j = 0; j < UNROLL; j++) {
        const uint key = i + j * TEAMS + t / LANES;
        const vec4 v = value_load(pair, min(block + key, p.keys - 1), t % LANES);
        const uint slot = min(key, BLOCK - 1);
        [[unroll]] for (uint r = 0; r < ROWS; r++) o[r] += (key < BLOCK ? weight[r * BLOCK + slot] : 0.0) * v;
      }
    barrier();
  }

  row_sum(sum);
  add_teams(o);
  if (t >= LANES) return;

  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    const uint row = pair * p.rows + first + r;
    if (first + r < p.rows) {
      if (PARTIAL != 0) {
        const uint record = base[OUT] / 4 + (row * p.splits + gl_WorkGroupID.y) * (LANES + 1);
        if (t == 0) out_data[record] = vec4(top[r], sum[r], 0.0, 0.0);
        out_data[record + 1 + t] = o[r];
      } else {
        out_data[base[OUT] / 4 + row * LANES + t] = o[r] / sum[r];
      }
    }
  }
}
