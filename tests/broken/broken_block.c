#include "broken.h"

static const struct broken wrong[] = {
  {"block.add_rms_norm.base", "broken/block_norm_length", "the mean is over one element too many"},
  {"block.add_rms_norm.base", "broken/block_norm_drops", "the last vector is left out of the sum of squares"},
  {"block.add_rms_norm.base", "broken/block_norm_residual", "the norm is of x without the residual"},
  {"block.add_rms_norm.base", "broken/block_norm_barrier", "no barrier between invocations that read each other"},
  {"block.rope_halves.base", "broken/block_rope_in_place", "x is turned where it lies"},
  {"block.rope_halves.base", "broken/block_rope_partner", "the wrong element of a head is the partner"},
  {"block.rope_halves.base", "broken/block_rope_position", "all rows are turned by the position of the first"},
};

static const struct broken right[] = {
  {"block.add_rms_norm.base", "broken/block_norm_right", "nothing"},
  {"block.add_rms_norm.base", "broken/block_norm_right_staged", "nothing: values staged for each other"},
  {"block.rope_halves.base", "broken/block_rope_right", "nothing"},
};

const struct broken_room broken_block = {"block", wrong, sizeof wrong / sizeof wrong[0], right,
                                         sizeof right / sizeof right[0]};
