#include "broken.h"

static const struct broken wrong[] = {
  {"kv_cache.append_int8.base", "broken/kv_cache_scale", "the scales of every two groups change places"},
  {"kv_cache.append_int8.base", "broken/kv_cache_truncates", "codes are cut off instead of rounded"},
  {"kv_cache.rope_halves_append_int8.base", "broken/kv_cache_truncates", "codes are cut off instead of rounded"},
  {"kv_cache.append_int8.base", "broken/kv_cache_position", "rows are stored one position late"},
  {"kv_cache.rope_halves_append_int8.base", "broken/kv_cache_position", "rows are stored one position late"},
  {"kv_cache.append_f16.base", "broken/kv_cache_stray", "another token's row is written too"},
};

const struct broken_room broken_kv_cache = {"kv_cache", wrong, sizeof wrong / sizeof wrong[0], NULL, 0};
