// The push block of a kernel with BINDINGS storage buffers.
#include "block.h"

layout(local_size_x_id = 0) in;

layout(push_constant, std430) uniform push {
  uint base[BINDINGS];   // where a tensor begins in its bound range, in words: a multiple of 4
  block_params p;
};
