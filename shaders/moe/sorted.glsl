// The sorted slots, for grouped kernels: a workgroup finds the expert and the slots of its tile.
#ifndef MOE_SORTED_GLSL
#define MOE_SORTED_GLSL

#include "experts.glsl"

layout(set = 0, binding = MOE_BINDING_ROUTES) readonly buffer sorted_buffer { uint sorted_data[]; };

uint sorted_word(uint at) { return sorted_data[push.base[MOE_BINDING_ROUTES] + at]; }
uint expert_tiles(uint expert) { return sorted_word(MOE_SORTED_TILES(push.experts) + expert); }
uint expert_begin(uint expert) { return sorted_word(MOE_SORTED_BEGINS(push.experts) + expert); }

struct tile { uint expert, begin, count; };   // slots begin .. begin + count - 1 in sorted order

// False for a workgroup beyond the last tile, or whose expert belongs to another window.
bool tile_find(uint index, out tile found) {
  if (index >= expert_tiles(push.experts)) return false;
  uint low = 0, high = push.experts;   // the last expert whose tiles begin at or before the index: not an empty one
  while (low + 1 < high) {
    uint middle = (low + high) / 2;
    if (expert_tiles(middle) <= index) low = middle;
    else high = middle;
  }
  uint begin = expert_begin(low) + (index - expert_tiles(low)) * push.tile;
  found = tile(low, begin, min(push.tile, expert_begin(low + 1) - begin));
  return expert_here(low);
}

// Beyond the tile its last slot is repeated, and not stored.
uint tile_slot(tile at, uint i) {
  return sorted_word(MOE_SORTED_SLOTS(push.experts) + at.begin + min(i, at.count - 1));
}

#endif
