#include "broken.h"

static const struct broken wrong[] = {
  {"attention.flash_f16.base", "broken/attention_dropped_key",
   "skips the last key when the keys do not fill the last block"},
  {"attention.flash_int8.base", "broken/attention_dropped_key",
   "skips the last key when the keys do not fill the last block"},
  {"attention.flash_f16.base", "broken/attention_causal", "lets every query see one key of the future"},
  {"attention.flash_f16.base", "broken/attention_stale_max",
   "does not scale the output down when the running maximum rises"},
  {"attention.flash_int8.base", "broken/attention_scale_group",
   "takes the scale of a value row's first group for the whole row"},
  {"attention.flash_split_f16.base", "broken/attention_merge", "ignores the last split"},
  {"attention.flash_split_int8.base", "broken/attention_merge", "ignores the last split"},
};

static const struct broken right[] = {
  {"attention.flash_f16.base", "broken/attention_right", "nothing: the plain kernel as it stands"},
  {"attention.flash_int8.base", "broken/attention_right", "nothing: the plain kernel as it stands"},
};

const struct broken_room broken_attention = {"attention", wrong, sizeof wrong / sizeof wrong[0], right,
                                             sizeof right / sizeof right[0]};
