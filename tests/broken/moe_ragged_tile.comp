#version 450
// build: scan
// Broken: an expert's last tile is left out where its slots do not fill it.
#extension GL_GOOGLE_include_directive : require
#include "moe/sort.glsl"

void main() {
  if (gl_LocalInvocationIndex != 0) return;
  uint blocks = (slot_count() + MOE_SORT_BLOCK - 1) / MOE_SORT_BLOCK, begin = 0, tiles = 0;
  for (uint e = 0; e <= push.experts; e++) {
    sorted_data[sorted_word(MOE_SORTED_BEGINS(push.experts) + e)] = begin;
    sorted_data[sorted_word(MOE_SORTED_TILES(push.experts) + e)] = tiles;
    if (e == push.experts) break;
    uint sum = 0;
    for (uint block = 0; block < blocks; block++) {
      uint count = block_data[block_word(block, e)];
      block_data[block_word(block, e)] = sum;
      sum += count;
    }
    begin += sum;
    tiles += sum / push.tile;
  }
}
