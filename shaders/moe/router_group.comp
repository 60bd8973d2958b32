#version 450
// build: base
// build: subgroup -DSUBGROUP
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
// The router with a team of invocations per token: scoring, top-k and renormalising in one pass over the logits, which
// stay in the nearest cache. Round j finds the best expert behind the one of round j - 1 in the order (higher logit,
// lower id): nothing has to be marked as taken, so no state but the last choice. A team is a subgroup of any size
// (SUBGROUP), without a barrier, or else the whole workgroup, which reduces through shared memory.
// Cost: topk reductions per token; a workgroup as the team pays log2(threads) barriers for each.
// Wins on GPUs. Loses on CPU drivers (see router_lane.comp).
#include "router.glsl"

layout(local_size_x_id = ROUTER_SPEC_THREADS) in;
layout(constant_id = ROUTER_SPEC_TOKENS) const uint TOKENS = 4;

bool before(float a, uint a_id, float b, uint b_id) { return a > b || (a == b && a_id < b_id); }

#ifdef SUBGROUP
void team_best(inout float value, inout uint id) {
  float top = subgroupMax(value);
  id = subgroupMin(value == top ? id : 0xffffffffu);
  value = top;
}

float team_sum(float value) { return subgroupAdd(value); }
#else
shared float part[gl_WorkGroupSize.x];
shared uint part_id[gl_WorkGroupSize.x];

void team_best(inout float value, inout uint id) {
  uint lane = gl_LocalInvocationIndex;
  part[lane] = value;
  part_id[lane] = id;
  for (uint half_size = gl_WorkGroupSize.x / 2; half_size > 0; half_size /= 2) {
    barrier();
    if (lane < half_size && before(part[lane + half_size], part_id[lane + half_size], part[lane], part_id[lane])) {
      part[lane] = part[lane + half_size];
      part_id[lane] = part_id[lane + half_size];
    }
  }
  barrier();
  value = part[0];
  id = part_id[0];
  barrier();
}

float team_sum(float value) {
  uint lane = gl_LocalInvocationIndex;
  part[lane] = value;
  for (uint half_size = gl_WorkGroupSize.x / 2; half_size > 0; half_size /= 2) {
    barrier();
    if (lane < half_size) part[lane] += part[lane + half_size];
  }
  barrier();
  float sum = part[0];
  barrier();
  return sum;
}
#endif

void route(uint token, uint lane, uint lanes) {
  uint id[ROUTER_MAX_TOPK];
  float value[ROUTER_MAX_TOPK];
  float last = -LOWEST;
  uint last_id = 0;
  [[unroll]] for (uint j = 0; j < ROUTER_MAX_TOPK; j++) {
    id[j] = 0;
    value[j] = LOWEST;
    if (j < push.topk) {
      uint best_id = push.experts;
      float best = LOWEST;
      for (uint e = lane; e < push.experts; e += lanes) {
        float candidate = logit(token, e);
        if (before(last, last_id, candidate, e) && before(candidate, e, best, best_id)) {
          best = candidate;
          best_id = e;
        }
      }
      team_best(best, best_id);
      id[j] = last_id = best_id;
      value[j] = last = best;
    }
  }
  float all = 0.0;
  if (needs_all()) {
    for (uint e = lane; e < push.experts; e += lanes) all += exp(logit(token, e) - value[0]);
    all = team_sum(all);
  }
  if (lane == 0) store_choice(token, id, value, all);
}

void main() {
  uint first = gl_WorkGroupID.x * TOKENS, end = min(first + TOKENS, push.tokens);
#ifdef SUBGROUP
  uint lanes = subgroupAdd(1u), lane = subgroupExclusiveAdd(1u);   // a subgroup need not be full
  for (uint token = first + gl_SubgroupID; token < end; token += gl_NumSubgroups)
    route(token, lane, lanes);
#else
  for (uint token = first; token < end; token++) route(token, gl_LocalInvocationIndex, gl_WorkGroupSize.x);
#endif
}
