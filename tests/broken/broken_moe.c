#include "broken.h"

static const struct broken wrong[] = {
  {"router.fused.lane", "broken/moe_router_ties", "of equal logits the higher id is taken"},
  {"moe.grouped_f32.lanes", "broken/moe_combine_last", "the last expert slot is left out"},
  {"moe.grouped_f32.lanes", "broken/moe_combine_weight", "the router's weight is not applied"},
  {"moe.grouped_f32.lanes", "broken/moe_sort_wrong", "neighbouring slots trade places"},
  {"moe.grouped_f32.lanes", "broken/moe_ragged_tile", "an expert's last, ragged tile is left out"},
  {"moe.grouped_f32.lanes", "broken/moe_next_tile", "a tile meets the next tile's matrix"},
  {"moe.grouped_int4_g32.lanes", "broken/moe_next_tile", "a tile meets the next tile's matrix"},
  {"moe.gather_f32.lanes", "broken/moe_gather_last", "the last expert slot is left out"},
};

static const struct broken right[] = {
  {"moe.grouped_f32.lanes", "broken/moe_sort_backwards", "nothing: slots of an expert in another order"},
};

const struct broken_room broken_moe = {"moe", wrong, sizeof wrong / sizeof wrong[0], right,
                                       sizeof right / sizeof right[0]};
