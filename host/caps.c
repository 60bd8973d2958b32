#include "caps.h"

const char *const feature_names[FEATURE_COUNT] = {
  "subgroup_basic", "subgroup_arithmetic", "subgroup_shuffle", "subgroup_ballot", "subgroup_clustered",
  "storage_16bit", "storage_8bit", "float16", "int8", "int16", "int64", "int_dot", "int_dot_fast",
  "subgroup_size_control", "buffer_address", "vulkan_memory_model", "cooperative_matrix", "memory_budget",
  "executable_properties",
};

const char *const device_type_names[DEVICE_TYPES] = {"discrete", "integrated", "virtual", "cpu", "other"};

uint64_t caps_memory(const struct caps *caps) {
  uint64_t bytes = 0, size = 0;
  for (uint32_t h = 0; h < caps->n_heaps && h < CAPS_HEAPS; h++)
    if (caps->heap[h].device_local && caps->heap[h].size > size) {
      size = caps->heap[h].size;
      bytes = caps->heap[h].budget && caps->heap[h].budget < size ? caps->heap[h].budget : size;
    }
  return bytes;
}
