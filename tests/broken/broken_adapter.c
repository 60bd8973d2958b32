#include "broken.h"

static const struct broken wrong[] = {
  {"adapter.fused_f16.gemv", "broken/adapter_no_scale", "forgets the adapter's scale"},
  {"adapter.fused_f16.gemv", "broken/adapter_shrink_neighbour", "shrinks a row by its neighbour's adapter"},
  {"adapter.fused_f16.gemv", "broken/adapter_neighbour", "expands a row by its neighbour's adapter"},
  {"adapter.fused_f16.gemv", "broken/adapter_dropped_rank", "drops the last element of the rank"},
  {"adapter.fused_int4_g32.gemv", "broken/adapter_neighbour", "expands a row by its neighbour's adapter"},
  {"adapter.fused_int4_g32.gemv", "broken/adapter_dropped_rank", "drops the last element of the rank"},
  {"adapter.fused_f16.rows", "broken/adapter_last_split", "leaves out the last part of k"},
  {"adapter.fused_f16.rows", "broken/adapter_stale_part", "adds up what the last part of k held before"},
  {"adapter.grouped_f16.rows", "broken/adapter_lost_row", "loses the last row of a segment"},
  {"adapter.fused_int4_g32.tiled", "broken/adapter_lost_row", "loses the last row of a segment"},
  {"adapter.dora_f16.gemv", "broken/adapter_dora_base", "does not multiply the base by DoRA's factor"},
};

static const struct broken right[] = {
  {"adapter.fused_f16.gemv", "broken/adapter_right_shrink", "nothing"},
  {"adapter.fused_f16.gemv", "broken/adapter_right_fused", "nothing"},
  {"adapter.fused_int4_g32.gemv", "broken/adapter_right_fused", "nothing"},
  {"adapter.dora_f16.gemv", "broken/adapter_right_fused", "nothing"},
};

const struct broken_room broken_adapter = {"adapter", wrong, sizeof wrong / sizeof wrong[0], right,
                                           sizeof right / sizeof right[0]};
