#include "broken.h"

const struct broken broken_kv_cache[] = {
  {"kv_cache.append_int8.base", "broken/kv_cache_scale", "the scales of every two groups change places"},
  {"kv_cache.append_int8.base", "broken/kv_cache_truncates", "codes are cut off instead of rounded"},
  {"kv_cache.rope_halves_append_int8.base", "broken/kv_cache_truncates", "codes are cut off instead of rounded"},
  {"kv_cache.append_int8.base", "broken/kv_cache_position", "rows are stored one position late"},
  {"kv_cache.rope_halves_append_int8.base", "broken/kv_cache_position", "rows are stored one position late"},
  {"kv_cache.append_f16.base", "broken/kv_cache_stray", "another token's row is written too"},
};
const size_t n_broken_kv_cache = sizeof broken_kv_cache / sizeof broken_kv_cache[0];
