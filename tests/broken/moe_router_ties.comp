#version 450
// build: lane
// Broken: of equal logits the higher id is taken.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "moe/router.glsl"

layout(local_size_x_id = ROUTER_SPEC_THREADS) in;

void main() {
  uint token = gl_GlobalInvocationID.x;
  if (token >= push.tokens) return;
  uint id[ROUTER_MAX_TOPK];
  float value[ROUTER_MAX_TOPK];
  for (uint j = 0; j < ROUTER_MAX_TOPK; j++) {
    id[j] = 0;
    value[j] = LOWEST;
    for (uint e = 0; e < push.experts && j < push.topk; e++) {
      bool taken = false;
      for (uint i = 0; i < j; i++) taken = taken || id[i] == e;
      if (taken || logit(token, e) < value[j]) continue;
      value[j] = logit(token, e);
      id[j] = e;
    }
  }
  float all = 0.0;
  for (uint e = 0; e < push.experts; e++) all += exp(logit(token, e) - value[0]);
  store_choice(token, id, value, all);
}
