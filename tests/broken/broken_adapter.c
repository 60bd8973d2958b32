#include "broken.h"

const struct broken broken_adapter[] = {
  {"adapter.fused_f16.gemv", "broken/adapter_no_scale", "forgets the adapter's scale"},
  {"adapter.fused_f16.gemv", "broken/adapter_shrink_neighbour", "shrinks a row by its neighbour's adapter"},
  {"adapter.fused_f16.gemv", "broken/adapter_neighbour", "expands a row by its neighbour's adapter"},
  {"adapter.fused_f16.gemv", "broken/adapter_dropped_rank", "drops the last element of the rank"},
  {"adapter.fused_int4_g32.gemv", "broken/adapter_neighbour", "expands a row by its neighbour's adapter"},
  {"adapter.fused_int4_g32.gemv", "broken/adapter_dropped_rank", "drops the last element of the rank"},
  {"adapter.fused_f16.rows", "broken/adapter_last_split", "leaves out the last part of k"},
  {"adapter.grouped_f16.rows", "broken/adapter_lost_row", "loses the last row of a segment"},
  {"adapter.fused_int4_g32.tiled", "broken/adapter_lost_row", "loses the last row of a segment"},
  {"adapter.dora_f16.gemv", "broken/adapter_dora_base", "does not multiply the base by DoRA's factor"},
};
const size_t n_broken_adapter = sizeof broken_adapter / sizeof broken_adapter[0];

const struct broken right_adapter[] = {
  {"adapter.fused_f16.gemv", "broken/adapter_right_shrink", "nothing"},
  {"adapter.fused_f16.gemv", "broken/adapter_right_fused", "nothing"},
  {"adapter.fused_int4_g32.gemv", "broken/adapter_right_fused", "nothing"},
  {"adapter.dora_f16.gemv", "broken/adapter_right_fused", "nothing"},
};
const size_t n_right_adapter = sizeof right_adapter / sizeof right_adapter[0];
