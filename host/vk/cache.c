#include <stdlib.h>

#include "log.h"
#include "vk_internal.h"

/* Of VkPipelineCacheHeaderVersionOne, which every driver's data begins with. */
enum { HEADER_BYTES = 32 };

static VkResult create(struct gpu *gpu, const void *data, size_t bytes) {
  const VkPipelineCacheCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
    .initialDataSize = bytes,
    .pInitialData = data,
  };
  return vkCreatePipelineCache(gpu->device, &info, NULL, &gpu->cache);
}

void gpu_cache_begin(struct gpu *gpu, const void *data, size_t bytes) {
  VkResult result = create(gpu, data, bytes);
  gpu->cache_began_full = bytes && result == VK_SUCCESS;
  if (result != VK_SUCCESS && bytes) {
    log_detail("the driver refuses the pipelines that it gave before (%s); they are compiled anew",
               vk_result_name(result));
    result = create(gpu, NULL, 0);
  }
  if (result == VK_SUCCESS) return;
  gpu->cache = VK_NULL_HANDLE;
  log_detail("the driver makes no cache of pipelines (%s)", vk_result_name(result));
}

void *gpu_cache_data(struct gpu *gpu, size_t most, size_t *bytes) {
  *bytes = 0;
  if (!gpu->cache || gpu->lost || vkGetPipelineCacheData(gpu->device, gpu->cache, bytes, NULL) != VK_SUCCESS ||
      *bytes <= HEADER_BYTES || *bytes > most)
    return NULL;
  void *data = malloc(*bytes);
  VkResult result = data ? vkGetPipelineCacheData(gpu->device, gpu->cache, bytes, data) : VK_ERROR_OUT_OF_HOST_MEMORY;
  if (result == VK_SUCCESS || result == VK_INCOMPLETE) return data;   /* of the latter what fits is whole pipelines */
  free(data);
  return NULL;
}

const void *cache_ask(const struct gpu *gpu, struct cache_question *question) {
  *question = (struct cache_question){
    .info = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_CREATION_FEEDBACK_CREATE_INFO,
      .pPipelineCreationFeedback = &question->whole,
      .pipelineStageCreationFeedbackCount = 1,
      .pPipelineStageCreationFeedbacks = &question->stage,
    },
  };
  return gpu->physical.caps.features & FEATURE_CREATION_FEEDBACK ? &question->info : NULL;
}

enum cached cache_judge(const struct gpu *gpu, VkPipelineCache cache, const struct cache_question *question) {
  VkPipelineCreationFeedbackFlags told = question->whole.flags;
  if (!cache) return CACHED_NO;
  if (told & VK_PIPELINE_CREATION_FEEDBACK_VALID_BIT)
    return told & VK_PIPELINE_CREATION_FEEDBACK_APPLICATION_PIPELINE_CACHE_HIT_BIT ? CACHED_YES : CACHED_NO;
  return gpu->cache_began_full ? CACHED_UNKNOWN : CACHED_NO;   /* a process makes a pipeline once (pipelines.h) */
}

void cache_close(struct gpu *gpu) {
  vkDestroyPipelineCache(gpu->device, gpu->cache, NULL);
  gpu->cache = VK_NULL_HANDLE;
}
