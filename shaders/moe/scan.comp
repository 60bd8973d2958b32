#version 450
// build: scan
#extension GL_GOOGLE_include_directive : require
// Second pass of the sort, one workgroup: an invocation per expert turns its counts into running sums over the blocks;
// then one invocation sums over the experts, at most 256, and lays out their slots and their tiles.
#include "sort.glsl"

shared uint total[MOE_MAX_EXPERTS];

void lay_out() {
  uint begin = 0, tiles = 0;
  for (uint e = 0; e <= push.experts; e++) {
    sorted_data[sorted_word(MOE_SORTED_BEGINS(push.experts) + e)] = begin;
    sorted_data[sorted_word(MOE_SORTED_TILES(push.experts) + e)] = tiles;
    if (e == push.experts) break;
    begin += total[e];
    tiles += (total[e] + push.tile - 1) / push.tile;
  }
}

void main() {
  uint blocks = (slot_count() + MOE_SORT_BLOCK - 1) / MOE_SORT_BLOCK;
  for (uint e = gl_LocalInvocationIndex; e < push.experts; e += gl_WorkGroupSize.x) {
    uint sum = 0;
    for (uint block = 0; block < blocks; block++) {
      uint count = block_data[block_word(block, e)];
      block_data[block_word(block, e)] = sum;
      sum += count;
    }
    total[e] = sum;
  }
  barrier();
  if (gl_LocalInvocationIndex == 0) lay_out();
}
