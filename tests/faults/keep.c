/* The fault `keep`: a driver that keeps pipelines. Of each that is made it remembers a number; its data is the header
 * and these numbers, with a checksum of them. Like drivers it checks the header and not more, and dies of data that it
 * did not give; what it has to see for a hit is the same code and constants. */
#include <stdlib.h>
#include <string.h>

#include "faults.h"

enum { MOST = 4096, HEADER = 32 };
static uint64_t kept[MOST];
static size_t n_kept;
static struct { VkShaderModule module; uint64_t number; } modules[MOST];
static size_t n_modules;

/* FNV-1a over bytes. */
static uint64_t number_of(uint64_t from, const void *data, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) from = (from ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
  return from;
}

VKAPI_ATTR VkResult VKAPI_CALL fault_CreateShaderModule(VkDevice device, const VkShaderModuleCreateInfo *create,
                                                        const VkAllocationCallbacks *allocator, VkShaderModule *out) {
  VkResult result = layer_device(device)->CreateShaderModule(device, create, allocator, out);
  if (result == VK_SUCCESS) {
    modules[n_modules % MOST].module = *out;
    modules[n_modules++ % MOST].number = number_of(0xcbf29ce484222325u, create->pCode, create->codeSize);
  }
  return result;
}

/* The latest: handles are used again. */
static uint64_t number_of_module(VkShaderModule module) {
  for (size_t i = n_modules; i-- > 0 && n_modules - i <= MOST;)
    if (modules[i % MOST].module == module) return modules[i % MOST].number;
  abort();
}

VKAPI_ATTR VkResult VKAPI_CALL fault_CreatePipelineCache(VkDevice device, const VkPipelineCacheCreateInfo *create,
                                                         const VkAllocationCallbacks *allocator, VkPipelineCache *out) {
  VkPipelineCacheCreateInfo empty = *create;
  const char *data = create->pInitialData;
  if (!faults_keeps()) return layer_device(device)->CreatePipelineCache(device, create, allocator, out);
  if (create->initialDataSize) {
    uint64_t checksum, n = (create->initialDataSize - HEADER) / 8 - 1;
    if (create->initialDataSize < HEADER + 8 || create->initialDataSize % 8 || n > MOST) abort();
    memcpy(&checksum, data + HEADER, 8);
    if (checksum != number_of(n, data + HEADER + 8, 8 * n) || faults_dies_of_cache()) abort();
    memcpy(kept, data + HEADER + 8, 8 * n);
    n_kept = n;
  }
  empty.initialDataSize = 0;
  return layer_device(device)->CreatePipelineCache(device, &empty, allocator, out);
}

VKAPI_ATTR VkResult VKAPI_CALL fault_GetPipelineCacheData(VkDevice device, VkPipelineCache cache, size_t *bytes,
                                                          void *out) {
  size_t header = HEADER, all = HEADER + 8 + 8 * n_kept;
  uint64_t checksum = number_of(n_kept, kept, 8 * n_kept);
  if (!faults_keeps()) return layer_device(device)->GetPipelineCacheData(device, cache, bytes, out);
  if (out && *bytes < all) abort();
  *bytes = all;
  if (!out) return VK_SUCCESS;
  memcpy((char *)out + HEADER, &checksum, 8);
  memcpy((char *)out + HEADER + 8, kept, 8 * n_kept);
  return layer_device(device)->GetPipelineCacheData(device, cache, &header, out) < 0 ? VK_ERROR_UNKNOWN : VK_SUCCESS;
}

static bool is_kept(uint64_t number) {
  for (size_t i = 0; i < n_kept; i++)
    if (kept[i] == number) return true;
  return false;
}

void faults_keep(const VkComputePipelineCreateInfo *create) {
  const VkSpecializationInfo *constants = create->stage.pSpecializationInfo;
  uint64_t number = number_of(number_of_module(create->stage.module), constants->pData, constants->dataSize);
  bool hit = is_kept(number);
  const VkPipelineCreationFeedbackCreateInfo *ask = create->pNext;
  if (ask && ask->sType == VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO)
    ask->pPipelineCreationFeedback->flags =
        VK_PIPELINE_CREATION_FEEDBACK_VALID_BIT |
        (hit ? VK_PIPELINE_CREATION_FEEDBACK_APPLICATION_PIPELINE_CACHE_HIT_BIT : 0);
  if (!hit && n_kept < MOST) kept[n_kept++] = number;
}
