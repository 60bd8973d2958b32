#version 450
// build: lane
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// The router with an invocation per token: the best so far stay sorted in registers, each logit is inserted after its
// equals, so that ties go to the lower id. No reduction, no shared memory, no barrier.
// Cost: neighbours read memory a row apart, and a token is as slow as its experts are many.
// Wins on CPU drivers, and for many tokens of few experts.
#include "router.glsl"

layout(local_size_x_id = ROUTER_SPEC_THREADS) in;

void main() {
  uint token = gl_GlobalInvocationID.x;
  if (token >= push.tokens) return;
  uint id[ROUTER_MAX_TOPK];
  float value[ROUTER_MAX_TOPK];
  [[unroll]] for (uint j = 0; j < ROUTER_MAX_TOPK; j++) {
    id[j] = 0;
    value[j] = LOWEST;
  }
  for (uint e = 0; e < push.experts; e++) {
    float moving = logit(token, e);
    uint moving_id = e;
    bool found = false;   // behind the place of e every entry moves on
    [[unroll]] for (uint j = 0; j < ROUTER_MAX_TOPK; j++) {
      found = found || moving > value[j];
      float kept = value[j];
      uint kept_id = id[j];
      value[j] = found ? moving : kept;
      id[j] = found ? moving_id : kept_id;
      moving = found ? kept : moving;
      moving_id = found ? kept_id : moving_id;
    }
  }
  float all = 0.0;
  if (needs_all())
    for (uint e = 0; e < push.experts; e++) all += exp(logit(token, e) - value[0]);
  store_choice(token, id, value, all);
}
