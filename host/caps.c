#include "caps.h"

const char *const feature_names[FEATURE_COUNT] = {
  "subgroup_basic", "subgroup_arithmetic", "subgroup_shuffle", "subgroup_ballot", "subgroup_clustered",
  "storage_16bit", "storage_8bit", "float16", "int8", "int16", "int64", "int_dot", "int_dot_fast",
  "subgroup_size_control", "buffer_address", "vulkan_memory_model", "cooperative_matrix", "memory_budget",
  "executable_properties",
};

const char *const device_type_names[DEVICE_TYPES] = {"discrete", "integrated", "virtual", "cpu", "other"};
