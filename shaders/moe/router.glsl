// Loads, scores and the store of both router kernels. Experts are ordered by their logits, not by their scores: both
// scorings are monotone, but rounding makes ties of scores whose logits differ, and which ones depends on the device.
#ifndef MOE_ROUTER_GLSL
#define MOE_ROUTER_GLSL

#include "router.h"

layout(push_constant) uniform push_block { router_push push; };
layout(set = 0, binding = ROUTER_BINDING_LOGITS) readonly buffer logit_buffer { float logit_data[]; };
layout(set = 0, binding = ROUTER_BINDING_OUT) writeonly buffer out_buffer { vec2 out_data[]; };

const float LOWEST = -3.0e38;   // below every logit, and the negative of what lies above

float logit(uint token, uint expert) {
  return logit_data[push.base[ROUTER_BINDING_LOGITS] + token * push.experts + expert];
}

// `top` is the token's largest logit. Neither branch can overflow.
float score(float value, float top) {
  if (push.sigmoid == 0) return exp(value - top);
  float small = exp(-abs(value));
  return (value >= 0.0 ? 1.0 : small) / (1.0 + small);
}

// all: the sum of exp(logit - top) over all experts, which only a softmax that is not renormalised needs.
bool needs_all() { return push.sigmoid == 0 && push.renormalise == 0; }

void store_choice(uint token, uint id[ROUTER_MAX_TOPK], float value[ROUTER_MAX_TOPK], float all) {
  float scores[ROUTER_MAX_TOPK], sum = 0.0;
  [[unroll]] for (uint j = 0; j < ROUTER_MAX_TOPK; j++) {
    scores[j] = j < push.topk ? score(value[j], value[0]) : 0.0;
    sum += scores[j];
  }
  float divisor = needs_all() ? all : push.renormalise == 0 ? 1.0 : push.sigmoid == 0 ? sum : sum + ROUTER_EPSILON;
  uint at = push.base[ROUTER_BINDING_OUT] / 2 + token * push.topk;
  [[unroll]] for (uint j = 0; j < ROUTER_MAX_TOPK; j++)
    if (j < push.topk) out_data[at + j] = vec2(float(id[j]), scores[j] / divisor);
}

#endif
