// build: read_columns -DLANES=16
// build: read_tiles -DLANES=1
// build: copy_columns -DLANES=16 -DCOPY
// build: copy_tiles -DLANES=1 -DCOPY
// Memory bandwidth. Idea: every word is loaded once, 16 bytes at a time, and 16 loads are in flight before the first
// is needed. `read` adds them up, so that nothing can be left out; `copy` stores them. Cost: nothing else.
// `columns`: 16 neighbouring invocations share a tile and load 256 contiguous bytes together; should win on GPUs.
// `tiles`: an invocation walks through a tile alone; should win where each lane is a CPU's load (lavapipe of
// Mesa 22.3 read 5.5 GB/s so, and 2.6 with lanes 1 KiB apart).
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "ceilings.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const bool ONCE = true;   // there is an invocation for every column or tile
layout(push_constant) uniform Push { ceilings_stream push; };
layout(binding = 0) readonly buffer Source { uvec4 source[]; };
#ifdef COPY
layout(binding = 1) writeonly buffer Output { uvec4 result[]; };
#else
layout(binding = 1) writeonly buffer Output { float result[]; };
#endif

const uint COLUMNS = CEILINGS_TILE / LANES;   // of each invocation
#if LANES == 1
#define EACH_ROW   // the 16 columns are enough loads in flight
#else
#define EACH_ROW [[unroll]]
#endif

uint sum(uvec4 v) { return v.x + v.y + v.z + v.w; }

// 24 bits that depend on all 32: exact in a float.
float checksum(uint s) { return float((s >> 8) ^ (s & 255u)); }

void work(uint tile, uint column) {
  uint from = push.base[0] / 4 + tile * CEILINGS_TILE * CEILINGS_TILE + column;
#ifdef COPY
  uint to = push.base[1] / 4 + tile * CEILINGS_TILE * CEILINGS_TILE + column;
  uvec4 row[CEILINGS_TILE];
  for (uint k = 0; k < COLUMNS; k++) {
    uint at = k * CEILINGS_TILE;
    [[unroll]] for (uint j = 0; j < CEILINGS_TILE; j++) row[j] = source[from + at + j * LANES];
    [[unroll]] for (uint j = 0; j < CEILINGS_TILE; j++) result[to + at + j * LANES] = row[j];
  }
#else
  uint total[COLUMNS];
  [[unroll]] for (uint k = 0; k < COLUMNS; k++) total[k] = 0;
  EACH_ROW for (uint j = 0; j < CEILINGS_TILE; j++)
    [[unroll]] for (uint k = 0; k < COLUMNS; k++) total[k] += sum(source[from + j * CEILINGS_TILE + k]);
  [[unroll]] for (uint k = 0; k < COLUMNS; k++)
    result[push.base[1] + tile * CEILINGS_TILE + column + k] = checksum(total[k]);
#endif
}

void main() {
  uint stride = gl_NumWorkGroups.x * gl_WorkGroupSize.x / LANES;
  uint first = gl_GlobalInvocationID.x / LANES;
  uint column = gl_GlobalInvocationID.x % LANES * COLUMNS;
  if (ONCE) {   // lavapipe loses up to half in a loop, whose loads are masked
    if (first < push.tiles) work(first, column);
  } else {
    for (uint tile = first; tile < push.tiles; tile += stride) work(tile, column);
  }
}
