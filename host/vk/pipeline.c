#include <stdio.h>
#include <stdlib.h>

#include "platform.h"
#include "vk_internal.h"

static bool create_layouts(struct gpu *gpu, struct gpu_pipeline *pipeline, struct error *err) {
  VkDescriptorSetLayoutBinding bindings[KERNEL_BINDINGS];
  for (uint32_t i = 0; i < pipeline->bindings; i++)
    bindings[i] = (VkDescriptorSetLayoutBinding){
      .binding = i,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
    };
  const VkDescriptorSetLayoutCreateInfo set = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
    .bindingCount = pipeline->bindings,
    .pBindings = bindings,
  };
  VK(vkCreateDescriptorSetLayout(gpu->device, &set, NULL, &pipeline->set_layout));
  const VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, pipeline->push_bytes};
  const VkPipelineLayoutCreateInfo layout = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
    .setLayoutCount = 1,
    .pSetLayouts = &pipeline->set_layout,
    .pushConstantRangeCount = pipeline->push_bytes > 0,
    .pPushConstantRanges = &push,
  };
  VK(vkCreatePipelineLayout(gpu->device, &layout, NULL, &pipeline->layout));
  return true;

error:
  return false;
}

static bool create_pipeline(struct gpu *gpu, const struct spirv *spirv, const uint32_t *spec, uint32_t n_spec,
                            VkPipelineCreateFlags flags, VkPipelineCache cache, struct gpu_pipeline *pipeline,
                            enum cached *cached, struct error *err) {
  const VkShaderModuleCreateInfo module = {
    .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
    .codeSize = spirv->bytes,
    .pCode = spirv->words,
  };
  VK(vkCreateShaderModule(gpu->device, &module, NULL, &pipeline->module));
  VkSpecializationMapEntry entries[KERNEL_SPEC];
  for (uint32_t i = 0; i < n_spec; i++) entries[i] = (VkSpecializationMapEntry){i, 4 * i, 4};
  const VkSpecializationInfo constants = {n_spec, entries, 4 * n_spec, spec};
  struct cache_question question;
  const VkComputePipelineCreateInfo create = {
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .pNext = cache_ask(gpu, &question),
    .flags = flags,
    .stage = {
      .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
      .stage = VK_SHADER_STAGE_COMPUTE_BIT,
      .module = pipeline->module,
      .pName = "main",
      .pSpecializationInfo = &constants,
    },
    .layout = pipeline->layout,
  };
  VK(vkCreateComputePipelines(gpu->device, cache, 1, &create, NULL, &pipeline->handle));
  *cached = cache_judge(gpu, cache, &question);
  return true;

error:
  return false;
}

static bool check_request(const struct gpu *gpu, const struct spirv *spirv, uint32_t bindings, uint32_t push_bytes,
                          uint32_t n_spec, struct error *err) {
  if (!spirv->words)
    return error_set(err, ERROR_UNSUPPORTED, "%s is not in this build: %s", spirv->name, spirv->reason);
  uint32_t most = gpu->physical.caps.limits.push_constants;
  if (bindings > KERNEL_BINDINGS || n_spec > KERNEL_SPEC || push_bytes > most || push_bytes % 4)
    return error_set(err, ERROR_UNSUPPORTED,
                     "%s: %u bindings (at most %d), %u constants (at most %d), %u push bytes (at most %u, a multiple "
                     "of 4)", spirv->name, bindings, KERNEL_BINDINGS, n_spec, KERNEL_SPEC, push_bytes, most);
  return gpu_usable(gpu, err);
}

struct gpu_pipeline *pipeline_make(struct gpu *gpu, const struct spirv *spirv, uint32_t bindings, uint32_t push_bytes,
                                   const uint32_t *spec, uint32_t n_spec, VkPipelineCreateFlags flags,
                                   VkPipelineCache cache, struct compile_time *time, struct error *err) {
  if (!check_request(gpu, spirv, bindings, push_bytes, n_spec, err)) return NULL;
  struct gpu_pipeline *pipeline = calloc(1, sizeof *pipeline);
  if (!pipeline) {
    error_set(err, ERROR_MEMORY, "out of memory for the pipeline of %s", spirv->name);
    return NULL;
  }
  pipeline->bindings = bindings;
  pipeline->push_bytes = push_bytes;
  snprintf(pipeline->name, sizeof pipeline->name, "%s", spirv->name);
  uint64_t start = platform_clock_ns();
  enum cached cached;
  if (!create_layouts(gpu, pipeline, err) ||
      !create_pipeline(gpu, spirv, spec, n_spec, flags, cache, pipeline, &cached, err)) {
    error_prefix(err, "%s: ", spirv->name);
    gpu_pipeline_destroy(gpu, pipeline);
    return NULL;
  }
  if (time) *time = (struct compile_time){platform_clock_ns() - start, cached};
  return pipeline;
}

struct gpu_pipeline *gpu_pipeline_create(struct gpu *gpu, const struct spirv *spirv, uint32_t bindings,
                                         uint32_t push_bytes, const uint32_t *spec, uint32_t n_spec,
                                         struct compile_time *time, struct error *err) {
  return pipeline_make(gpu, spirv, bindings, push_bytes, spec, n_spec, 0, gpu->cache, time, err);
}

void gpu_pipeline_destroy(struct gpu *gpu, struct gpu_pipeline *pipeline) {
  if (!pipeline) return;
  if (!gpu->stuck) {
    vkDestroyPipeline(gpu->device, pipeline->handle, NULL);
    vkDestroyPipelineLayout(gpu->device, pipeline->layout, NULL);
    vkDestroyDescriptorSetLayout(gpu->device, pipeline->set_layout, NULL);
    vkDestroyShaderModule(gpu->device, pipeline->module, NULL);
  }
  free(pipeline);
}
