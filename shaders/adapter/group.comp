#version 450
// build: main
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Rows of x grouped by adapter (SGMV of Punica, arXiv 2310.18547): a stable counting sort of the ids, and the list of
// segments: up to `tile` rows of one adapter each. One workgroup; an invocation owns whole adapters, so that nothing is
// atomic and the order is always the same. How many segments there will be is not known to the host, but that they are
// no more than m, nor than m / tile + adapters, is: what is left of the list is empty.
// Cost: reads the ids twice per adapter, one launch. Wins where the adapters' weights, read once for each segment
// instead of once for each row, are more than that: prefill.
#include "adapter.h"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform push { uint base[ADAPTER_GROUP_BINDINGS]; adapter_params p; };
layout(set = 0, binding = ADAPTER_GROUP_IDS) readonly buffer id_buffer { uvec4 id_data[]; };
layout(set = 0, binding = ADAPTER_GROUP_SEGMENTS) writeonly buffer segment_buffer { uint segment_data[]; };

shared uint count[ADAPTER_MOST];

uvec4 ids(uint quad) { return id_data[base[ADAPTER_GROUP_IDS] / 4 + quad]; }

uint segments_of(uint adapter) { return (count[adapter] + p.tile - 1) / p.tile; }

void segment_store(uint i, uint adapter, uint first, uint rows) {
  uint at = base[ADAPTER_GROUP_SEGMENTS] + 4 * i;
  segment_data[at] = adapter;
  segment_data[at + 1] = first;
  segment_data[at + 2] = rows;
}

void count_rows(uint adapter) {
  uint rows = 0;
  for (uint quad = 0; quad < (p.m + 3) / 4; quad++) {
    uvec4 hit = uvec4(equal(ids(quad), uvec4(adapter)));
    rows += hit.x + hit.y + hit.z + hit.w;
  }
  count[adapter] = rows;
}

void place_rows(uint adapter, uint first) {
  uint at = base[ADAPTER_GROUP_SEGMENTS] + 4 * p.segments + first;
  for (uint quad = 0; quad < (p.m + 3) / 4; quad++) {
    uvec4 id = ids(quad);
    [[unroll]] for (uint i = 0; i < 4; i++)
      if (id[i] == adapter) segment_data[at++] = 4 * quad + i;
  }
}

void main() {
  for (uint a = gl_LocalInvocationIndex; a < p.adapters; a += gl_WorkGroupSize.x) count_rows(a);
  barrier();
  for (uint a = gl_LocalInvocationIndex; a < p.adapters; a += gl_WorkGroupSize.x) {
    uint first = 0, at = 0;
    for (uint before = 0; before < a; before++) {
      first += count[before];
      at += segments_of(before);
    }
    for (uint row = 0; row < count[a]; row += p.tile) segment_store(at++, a, first + row, min(p.tile, count[a] - row));
    place_rows(a, first);
  }
  uint used = 0;
  for (uint a = 0; a < p.adapters; a++) used += segments_of(a);
  for (uint i = used + gl_LocalInvocationIndex; i < p.segments; i += gl_WorkGroupSize.x) segment_store(i, 0, 0, 0);
}
