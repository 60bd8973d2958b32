// The router's output, for kernels that need no sorting.
#ifndef MOE_ROUTES_GLSL
#define MOE_ROUTES_GLSL

#include "experts.glsl"

layout(set = 0, binding = MOE_BINDING_ROUTES) readonly buffer route_buffer { vec2 route_data[]; };

vec2 route(uint slot) { return route_data[push.base[MOE_BINDING_ROUTES] / 2 + slot]; }
uint route_expert(uint slot) { return min(uint(route(slot).x), push.experts - 1); }
float route_weight(uint slot) { return route(slot).y; }

// The slot of a token that holds the expert, and its weight; weight 0 at the token's first slot when none does.
uint masked_slot(uint token, uint expert, out float weight, out bool routed) {
  uint found = token * push.topk;
  weight = 0.0;
  routed = false;
  for (uint j = 0; j < push.topk; j++) {
    uint slot = token * push.topk + j;
    if (route_expert(slot) != expert) continue;
    found = slot;
    weight = route_weight(slot);
    routed = true;
  }
  return found;
}

#endif
