#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "vk_internal.h"

struct property_chain {
  VkPhysicalDeviceProperties2 core;
  VkPhysicalDeviceVulkan11Properties v11;
  VkPhysicalDeviceVulkan12Properties v12;
  VkPhysicalDeviceSubgroupSizeControlProperties subgroup_size;
  VkPhysicalDeviceShaderIntegerDotProductProperties int_dot;
  VkPhysicalDeviceCooperativeMatrixPropertiesKHR coopmat;
  VkPhysicalDevicePCIBusInfoPropertiesEXT pci;
};

static const char *const driver_ids[] = {
  [VK_DRIVER_ID_AMD_PROPRIETARY] = "AMD_PROPRIETARY",
  [VK_DRIVER_ID_AMD_OPEN_SOURCE] = "AMD_OPEN_SOURCE",
  [VK_DRIVER_ID_MESA_RADV] = "MESA_RADV",
  [VK_DRIVER_ID_NVIDIA_PROPRIETARY] = "NVIDIA_PROPRIETARY",
  [VK_DRIVER_ID_INTEL_PROPRIETARY_WINDOWS] = "INTEL_PROPRIETARY_WINDOWS",
  [VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA] = "INTEL_OPEN_SOURCE_MESA",
  [VK_DRIVER_ID_IMAGINATION_PROPRIETARY] = "IMAGINATION_PROPRIETARY",
  [VK_DRIVER_ID_QUALCOMM_PROPRIETARY] = "QUALCOMM_PROPRIETARY",
  [VK_DRIVER_ID_ARM_PROPRIETARY] = "ARM_PROPRIETARY",
  [VK_DRIVER_ID_GOOGLE_SWIFTSHADER] = "GOOGLE_SWIFTSHADER",
  [VK_DRIVER_ID_GGP_PROPRIETARY] = "GGP_PROPRIETARY",
  [VK_DRIVER_ID_BROADCOM_PROPRIETARY] = "BROADCOM_PROPRIETARY",
  [VK_DRIVER_ID_MESA_LLVMPIPE] = "MESA_LLVMPIPE",
  [VK_DRIVER_ID_MOLTENVK] = "MOLTENVK",
  [VK_DRIVER_ID_COREAVI_PROPRIETARY] = "COREAVI_PROPRIETARY",
  [VK_DRIVER_ID_JUICE_PROPRIETARY] = "JUICE_PROPRIETARY",
  [VK_DRIVER_ID_VERISILICON_PROPRIETARY] = "VERISILICON_PROPRIETARY",
  [VK_DRIVER_ID_MESA_TURNIP] = "MESA_TURNIP",
  [VK_DRIVER_ID_MESA_V3DV] = "MESA_V3DV",
  [VK_DRIVER_ID_MESA_PANVK] = "MESA_PANVK",
  [VK_DRIVER_ID_SAMSUNG_PROPRIETARY] = "SAMSUNG_PROPRIETARY",
  [VK_DRIVER_ID_MESA_VENUS] = "MESA_VENUS",
  [VK_DRIVER_ID_MESA_DOZEN] = "MESA_DOZEN",
  [VK_DRIVER_ID_MESA_NVK] = "MESA_NVK",
  [VK_DRIVER_ID_IMAGINATION_OPEN_SOURCE_MESA] = "IMAGINATION_OPEN_SOURCE_MESA",
};

static void write_hex(char out[33], const uint8_t bytes[VK_UUID_SIZE]) {
  for (size_t i = 0; i < VK_UUID_SIZE; i++) snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static enum device_type type_of(VkPhysicalDeviceType type) {
  switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return DEVICE_DISCRETE;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return DEVICE_INTEGRATED;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return DEVICE_VIRTUAL;
    case VK_PHYSICAL_DEVICE_TYPE_CPU: return DEVICE_CPU;
    default: return DEVICE_OTHER;
  }
}

static void read_basics(struct caps *caps, const VkPhysicalDeviceProperties *properties) {
  snprintf(caps->name, sizeof caps->name, "%s", properties->deviceName);
  text_slug(caps->name, caps->slug, sizeof caps->slug);
  caps->type = type_of(properties->deviceType);
  caps->vendor_id = properties->vendorID;
  caps->device_id = properties->deviceID;
  caps->api_version = properties->apiVersion;
  caps->driver_version = properties->driverVersion;
  write_hex(caps->pipeline_cache_uuid, properties->pipelineCacheUUID);

  const VkPhysicalDeviceLimits *limits = &properties->limits;
  caps->limits.storage_range = limits->maxStorageBufferRange;
  caps->limits.storage_align = limits->minStorageBufferOffsetAlignment;
  caps->limits.shared_memory = limits->maxComputeSharedMemorySize;
  caps->limits.invocations = limits->maxComputeWorkGroupInvocations;
  memcpy(caps->limits.group_size, limits->maxComputeWorkGroupSize, sizeof caps->limits.group_size);
  memcpy(caps->limits.group_count, limits->maxComputeWorkGroupCount, sizeof caps->limits.group_count);
  caps->limits.push_constants = limits->maxPushConstantsSize;
  caps->timestamps.period_ns = limits->timestampPeriod;
  caps->timestamps.resolution_ns = NAN;
}

/* Name and release of the driver: what stands in parentheses (compiler, build) would split one release's results
 * over several files, and a driver that says nothing about itself still has a version number. */
static void write_driver_slug(struct caps *caps) {
  char text[sizeof caps->driver_name + sizeof caps->driver_info + 1];
  int info = (int)strcspn(caps->driver_info, "(");
  if (info)
    snprintf(text, sizeof text, "%s %.*s", caps->driver_name, info, caps->driver_info);
  else
    snprintf(text, sizeof text, "%s %u.%u.%u", caps->driver_name, VK_API_VERSION_MAJOR(caps->driver_version),
             VK_API_VERSION_MINOR(caps->driver_version), VK_API_VERSION_PATCH(caps->driver_version));
  text_slug(text, caps->driver_slug, sizeof caps->driver_slug);
}

static void read_driver(struct caps *caps, const VkPhysicalDeviceVulkan12Properties *v12) {
  snprintf(caps->driver_name, sizeof caps->driver_name, "%s", v12->driverName);
  snprintf(caps->driver_info, sizeof caps->driver_info, "%s", v12->driverInfo);
  size_t id = v12->driverID;
  if (id < sizeof driver_ids / sizeof driver_ids[0] && driver_ids[id])
    snprintf(caps->driver_id, sizeof caps->driver_id, "%s", driver_ids[id]);
  else
    snprintf(caps->driver_id, sizeof caps->driver_id, "UNKNOWN_%zu", id);
  const VkConformanceVersion *version = &v12->conformanceVersion;
  snprintf(caps->conformance, sizeof caps->conformance, "%u.%u.%u.%u", version->major, version->minor,
           version->subminor, version->patch);
}

static uint64_t subgroup_features(const VkPhysicalDeviceVulkan11Properties *v11) {
  static const struct { uint64_t feature; VkSubgroupFeatureFlags operation; } map[] = {
    {FEATURE_SUBGROUP_BASIC, VK_SUBGROUP_FEATURE_BASIC_BIT},
    {FEATURE_SUBGROUP_ARITHMETIC, VK_SUBGROUP_FEATURE_ARITHMETIC_BIT},
    {FEATURE_SUBGROUP_SHUFFLE, VK_SUBGROUP_FEATURE_SHUFFLE_BIT},
    {FEATURE_SUBGROUP_BALLOT, VK_SUBGROUP_FEATURE_BALLOT_BIT},
    {FEATURE_SUBGROUP_CLUSTERED, VK_SUBGROUP_FEATURE_CLUSTERED_BIT},
  };
  uint64_t features = 0;
  if (v11->subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT)
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
      if (v11->subgroupSupportedOperations & map[i].operation) features |= map[i].feature;
  return features;
}

static void query_properties(VkPhysicalDevice device, uint64_t known, bool has_pci, struct property_chain *chain) {
  *chain = (struct property_chain){
    .core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES,
    .v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES,
    .subgroup_size.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES,
    .int_dot.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES,
    .coopmat.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_PROPERTIES_KHR,
    .pci.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PCI_BUS_INFO_PROPERTIES_EXT,
  };
  const struct link links[] = {
    {&chain->v11, true},
    {&chain->v12, true},
    {&chain->subgroup_size, known & FEATURE_SUBGROUP_SIZE_CONTROL},
    {&chain->int_dot, known & FEATURE_INT_DOT},
    {&chain->coopmat, known & FEATURE_COOPMAT},
    {&chain->pci, has_pci},
  };
  chain_link(&chain->core, links, sizeof links / sizeof links[0]);
  vkGetPhysicalDeviceProperties2(device, &chain->core);
}

static bool read_extended(struct physical *physical, struct error *err) {
  struct caps *caps = &physical->caps;
  struct extensions extensions;
  if (!extensions_read(physical->handle, &extensions, err)) return false;
  uint64_t known = features_known(caps->api_version, &extensions);
  bool has_pci = extensions_have(&extensions, VK_EXT_PCI_BUS_INFO_EXTENSION_NAME);
  free(extensions.list);

  struct property_chain chain;
  query_properties(physical->handle, known, has_pci, &chain);
  read_driver(caps, &chain.v12);
  write_hex(caps->uuid, chain.v11.deviceUUID);
  caps->limits.allocation = chain.v11.maxMemoryAllocationSize;
  caps->features = features_query(physical->handle, known) | subgroup_features(&chain.v11);
  if (caps->features & FEATURE_INT_DOT && chain.int_dot.integerDotProduct4x8BitPackedSignedAccelerated)
    caps->features |= FEATURE_INT_DOT_FAST;
  if (!(chain.coopmat.cooperativeMatrixSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT))
    caps->features &= ~(uint64_t)FEATURE_COOPMAT;

  caps->subgroup.size = caps->subgroup.min = caps->subgroup.max = chain.v11.subgroupSize;
  if (caps->features & FEATURE_SUBGROUP_SIZE_CONTROL) {
    caps->subgroup.min = chain.subgroup_size.minSubgroupSize;
    caps->subgroup.max = chain.subgroup_size.maxSubgroupSize;
  }
  if (has_pci)
    snprintf(caps->pci, sizeof caps->pci, "%04x:%02x:%02x.%x", chain.pci.pciDomain & 0xffff, chain.pci.pciBus & 0xff,
             chain.pci.pciDevice & 0xff, chain.pci.pciFunction & 0xf);
  return true;
}

/* What is beyond the room of caps is left out. */
static bool read_coopmats(struct physical *physical, struct error *err) {
  struct caps *caps = &physical->caps;
  PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR list =
      (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR)vkGetInstanceProcAddr(
          volkGetLoadedInstance(), "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
  if (!list || !(caps->features & FEATURE_COOPMAT)) return true;
  VkCooperativeMatrixPropertiesKHR found[CAPS_COOPMATS];
  for (size_t i = 0; i < CAPS_COOPMATS; i++)
    found[i] = (VkCooperativeMatrixPropertiesKHR){.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR};
  uint32_t n = CAPS_COOPMATS;
  VK(list(physical->handle, &n, found));   /* VK_INCOMPLETE is no error: the first are kept */
  for (uint32_t i = 0; i < n && i < CAPS_COOPMATS; i++)
    caps->coopmat[caps->n_coopmats++] = (struct coopmat){
      .m = found[i].MSize, .n = found[i].NSize, .k = found[i].KSize,
      .a = (uint32_t)found[i].AType, .b = (uint32_t)found[i].BType, .c = (uint32_t)found[i].CType,
      .result = (uint32_t)found[i].ResultType,
      .scope = (uint32_t)found[i].scope,
      .saturating = found[i].saturatingAccumulation,
    };
  return true;

error:
  return false;
}

void caps_read_heaps(struct physical *physical) {
  struct caps *caps = &physical->caps;
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
  };
  VkPhysicalDeviceMemoryProperties2 memory = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
    .pNext = caps->features & FEATURE_MEMORY_BUDGET ? &budget : NULL,
  };
  vkGetPhysicalDeviceMemoryProperties2(physical->handle, &memory);
  caps->n_heaps = memory.memoryProperties.memoryHeapCount;
  if (caps->n_heaps > CAPS_HEAPS) caps->n_heaps = CAPS_HEAPS;
  for (uint32_t i = 0; i < caps->n_heaps; i++) {
    caps->heap[i].size = memory.memoryProperties.memoryHeaps[i].size;
    caps->heap[i].device_local = memory.memoryProperties.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT;
    caps->heap[i].budget = budget.heapBudget[i];
    caps->heap[i].used = budget.heapUsage[i];
  }
  const VkMemoryPropertyFlags both = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT;
  for (uint32_t t = 0; t < memory.memoryProperties.memoryTypeCount; t++) {
    const VkMemoryType *type = &memory.memoryProperties.memoryTypes[t];
    if (type->heapIndex < caps->n_heaps && (type->propertyFlags & both) == both)
      caps->heap[type->heapIndex].mappable = true;
  }
}

/* The first family that computes and keeps time, else the first that computes. A clock whose tick has no length
 * (RADV's null device) keeps none. */
static void choose_queue(struct physical *physical) {
  VkQueueFamilyProperties families_of_queues[16];
  uint32_t n = sizeof families_of_queues / sizeof families_of_queues[0];
  vkGetPhysicalDeviceQueueFamilyProperties(physical->handle, &n, families_of_queues);
  bool ticks = isfinite(physical->caps.timestamps.period_ns) && physical->caps.timestamps.period_ns > 0;
  physical->queue_family = UINT32_MAX;
  for (uint32_t i = 0; i < n && physical->caps.timestamps.valid_bits == 0; i++) {
    if (!(families_of_queues[i].queueFlags & VK_QUEUE_COMPUTE_BIT)) continue;
    uint32_t bits = ticks ? families_of_queues[i].timestampValidBits : 0;
    if (physical->queue_family == UINT32_MAX || bits) physical->queue_family = i;
    physical->caps.timestamps.valid_bits = bits;
  }
}

static bool read_cache(int index, const char *what, uint64_t *value) {
  char path[80];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, what);
  FILE *file = fopen(path, "r");
  if (!file) return false;
  bool ok = fscanf(file, "%" SCNu64, value) == 1;
  fclose(file);
  return ok;
}

/* The largest cache level of the first CPU, which is what a CPU device computes on. 0 where sysfs does not tell. */
static uint64_t cpu_cache_bytes(void) {
  uint64_t level, kib, highest = 0, bytes = 0;
  for (int i = 0; read_cache(i, "level", &level) && read_cache(i, "size", &kib); i++) {
    if (level <= highest) continue;
    highest = level;
    bytes = kib * 1024;   /* sysfs prints "32768K" */
  }
  return bytes;
}

bool caps_read(struct physical *physical, struct error *err) {
  struct caps *caps = &physical->caps;
  memset(caps, 0, sizeof *caps);
  VkPhysicalDeviceProperties properties;
  vkGetPhysicalDeviceProperties(physical->handle, &properties);
  read_basics(caps, &properties);
  /* The loader lists devices of any version; older ones do not know the structs that tell the rest. */
  if (caps->api_version >= VK_NEEDED_VERSION) {
    if (!read_extended(physical, err) || !read_coopmats(physical, err)) return false;
    caps_read_heaps(physical);
  } else {
    memcpy(caps->uuid, caps->pipeline_cache_uuid, sizeof caps->uuid);
    snprintf(caps->driver_id, sizeof caps->driver_id, "UNKNOWN_0");
  }
  write_driver_slug(caps);
  choose_queue(physical);
  if (caps->type == DEVICE_CPU) caps->llc_bytes = cpu_cache_bytes();
  return true;
}
