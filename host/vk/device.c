#include <stdlib.h>

#include "vk_internal.h"

/* Devices that were given up while a submission may still run: their objects live until the process ends. */
static struct gpu *abandoned;

/* How long gpu_close waits for a submission that overran before it abandons the device. */
static const uint64_t close_grace_ns = 100000000;

static bool choose_device(struct gpu *gpu, size_t index, struct error *err) {
  struct physical *devices;
  size_t n;
  if (!instance_devices(&gpu->instance, &devices, &n, err)) return false;
  bool found = index < n;
  if (found) gpu->physical = devices[index];
  free(devices);
  if (n == 0) return gpu_none(err);
  if (!found)
    return error_set(err, ERROR_NO_DEVICE, "no device %zu, there are %zu; `vkpareto devices` lists them", index, n);

  const struct caps *caps = &gpu->physical.caps;
  if (caps->api_version < VK_NEEDED_VERSION)
    return error_set(err, ERROR_UNSUPPORTED, "%s offers Vulkan %u.%u, 1.2 is needed; update its driver", caps->name,
                     VK_API_VERSION_MAJOR(caps->api_version), VK_API_VERSION_MINOR(caps->api_version));
  if (gpu->physical.queue_family == UINT32_MAX)
    return error_set(err, ERROR_UNSUPPORTED, "%s has no queue that computes; choose another device", caps->name);
  return true;
}

static bool create_device(struct gpu *gpu, struct error *err) {
  const struct caps *caps = &gpu->physical.caps;
  struct feature_chain chain;
  const char *extensions[FEATURE_COUNT + 1];
  uint32_t n_extensions;
  struct extensions offered;
  features_enable(caps->features, caps->api_version, &chain, extensions, &n_extensions);
  if (!extensions_read(gpu->physical.handle, &offered, err)) return false;
  /* Where it is offered it must be enabled (Vulkan specification, VkDeviceCreateInfo). Its name is defined with the
   * provisional extensions only. */
  static const char portability_subset[] = "VK_KHR_portability_subset";
  if (extensions_have(&offered, portability_subset)) extensions[n_extensions++] = portability_subset;
  free(offered.list);
  const float priority = 1;
  const VkDeviceQueueCreateInfo queue = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueFamilyIndex = gpu->physical.queue_family,
    .queueCount = 1,
    .pQueuePriorities = &priority,
  };
  const VkDeviceCreateInfo create = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pNext = &chain.core,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue,
    .enabledExtensionCount = n_extensions,
    .ppEnabledExtensionNames = extensions,
  };
  VK(vkCreateDevice(gpu->physical.handle, &create, NULL, &gpu->device));
  vkGetDeviceQueue(gpu->device, gpu->physical.queue_family, 0, &gpu->queue);
  vkGetPhysicalDeviceMemoryProperties(gpu->physical.handle, &gpu->memory);
  return true;

error:
  return false;
}

static void release_commands(struct gpu *gpu) {
  vkDestroyQueryPool(gpu->device, gpu->queries, NULL);
  vkDestroyFence(gpu->device, gpu->fence, NULL);
  vkDestroyCommandPool(gpu->device, gpu->pool, NULL);
  gpu->queries = VK_NULL_HANDLE;
  gpu->fence = VK_NULL_HANDLE;
  gpu->pool = VK_NULL_HANDLE;
}

bool device_prepare(struct gpu *gpu, struct error *err) {
  if (gpu->prepared) return true;
  const VkCommandPoolCreateInfo pool = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
    .queueFamilyIndex = gpu->physical.queue_family,
  };
  VK(vkCreateCommandPool(gpu->device, &pool, NULL, &gpu->pool));
  const VkCommandBufferAllocateInfo commands = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = gpu->pool,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  VK(vkAllocateCommandBuffers(gpu->device, &commands, &gpu->commands));
  const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  VK(vkCreateFence(gpu->device, &fence, NULL, &gpu->fence));
  if (gpu->physical.caps.timestamps.valid_bits) {
    const VkQueryPoolCreateInfo queries = {
      .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
      .queryType = VK_QUERY_TYPE_TIMESTAMP,
      .queryCount = 2,
    };
    VK(vkCreateQueryPool(gpu->device, &queries, NULL, &gpu->queries));
  }
  gpu->prepared = true;
  return true;

error:
  release_commands(gpu);
  return false;
}

struct gpu *gpu_open(size_t index, const struct gpu_options *options, struct error *err) {
  struct gpu *gpu = calloc(1, sizeof *gpu);
  if (!gpu) {
    error_set(err, ERROR_MEMORY, "out of memory opening a device");
    return NULL;
  }
  gpu->staging_only = options->staging;
  if (!instance_open(&gpu->instance, options->validation, err)) goto error;
  if (!choose_device(gpu, index, err)) goto error;
  if (!create_device(gpu, err)) goto error;
  return gpu;

error:
  gpu_close(gpu);
  return NULL;
}

void gpu_close(struct gpu *gpu) {
  if (!gpu) return;
  if (gpu->stuck && vkWaitForFences(gpu->device, 1, &gpu->fence, VK_TRUE, close_grace_ns) == VK_SUCCESS)
    gpu->stuck = false;
  if (gpu->stuck) {
    gpu->next = abandoned;
    abandoned = gpu;
    return;
  }
  if (gpu->device) {
    memory_close(gpu);
    cache_close(gpu);
    release_commands(gpu);
    vkDestroyDevice(gpu->device, NULL);
  }
  instance_close(&gpu->instance);
  free(gpu);
}

const struct caps *gpu_caps(const struct gpu *gpu) { return &gpu->physical.caps; }

void gpu_take_trial(struct gpu *gpu, const struct tried_limits *tried) { caps_take_trial(&gpu->physical.caps, tried); }

void gpu_lower_limits(struct gpu *gpu, uint64_t allocation, uint64_t storage_range) {
  struct caps *caps = &gpu->physical.caps;
  if (allocation < caps->limits.allocation) caps->limits.allocation = allocation;
  if (storage_range < caps->limits.storage_range) caps->limits.storage_range = storage_range;
}

void gpu_read_heaps(struct gpu *gpu) { caps_read_heaps(&gpu->physical); }

unsigned gpu_validation_messages(const struct gpu *gpu, const char **first) {
  if (first) *first = gpu->instance.first_message;
  return gpu->instance.messages;
}

bool gpu_usable(const struct gpu *gpu, struct error *err) {
  return !gpu->lost || error_set(err, ERROR_LOST, "%s was lost in an earlier call; close it and open it anew",
                                 gpu->physical.caps.name);
}
