#version 450
// build: main
// Broken: rows are grouped one adapter at a time, and the last row of every adapter that has several is left out.
#extension GL_GOOGLE_include_directive : require
#include "adapter/adapter.h"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform push { uint base[ADAPTER_GROUP_BINDINGS]; adapter_params p; };
layout(set = 0, binding = ADAPTER_GROUP_IDS) readonly buffer id_buffer { uint id_data[]; };
layout(set = 0, binding = ADAPTER_GROUP_SEGMENTS) writeonly buffer segment_buffer { uint segment_data[]; };

void main() {
  if (gl_LocalInvocationIndex > 0) return;
  const uint segments = base[ADAPTER_GROUP_SEGMENTS], order = segments + 4 * p.segments;
  uint placed = 0, used = 0;
  for (uint a = 0; a < p.adapters; a++) {
    const uint first = placed;
    for (uint row = 0; row < p.m; row++)
      if (id_data[base[ADAPTER_GROUP_IDS] + row] == a) segment_data[order + placed++] = row;
    const uint rows = placed - first > 1 ? placed - first - 1 : placed - first;
    for (uint row = 0; row < rows; row += p.tile, used++) {
      segment_data[segments + 4 * used] = a;
      segment_data[segments + 4 * used + 1] = first + row;
      segment_data[segments + 4 * used + 2] = min(p.tile, rows - row);
    }
  }
  for (; used < p.segments; used++) segment_data[segments + 4 * used + 2] = 0;
}
