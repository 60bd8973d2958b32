#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vk_internal.h"

static double statistic_value(const VkPipelineExecutableStatisticKHR *statistic) {
  switch (statistic->format) {
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: return statistic->value.b32 != 0;
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: return (double)statistic->value.i64;
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR: return (double)statistic->value.u64;
  case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR: return statistic->value.f64;
  default: return NAN;
  }
}

static bool read_executable(struct gpu *gpu, const struct gpu_pipeline *pipeline, uint32_t index, uint32_t subgroup,
                            struct gpu_code *code, struct error *err) {
  const VkPipelineExecutableInfoKHR which = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR,
    .pipeline = pipeline->handle,
    .executableIndex = index,
  };
  VkPipelineExecutableStatisticKHR told[GPU_STATISTICS];
  uint32_t n = GPU_STATISTICS;
  for (uint32_t i = 0; i < n; i++)
    told[i] = (VkPipelineExecutableStatisticKHR){.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
  VK(vkGetPipelineExecutableStatisticsKHR(gpu->device, &which, &n, told));   /* VK_INCOMPLETE: the rest is left out */
  code->codegen = codegen_unknown();
  code->codegen.subgroup = subgroup ? subgroup : NAN;
  code->n = n;
  for (uint32_t i = 0; i < n; i++) {
    double value = statistic_value(&told[i]);
    snprintf(code->statistic[i].name, sizeof code->statistic[i].name, "%s", told[i].name);
    code->statistic[i].value = value;
    gpu_codegen_take(&code->codegen, told[i].name, told[i].description, value);
  }
  return true;

error:
  return false;
}

/* Intel's compiler makes up to three of one shader, for subgroups of 8, 16 and 32. */
enum { EXECUTABLES = 8 };

static bool read_worst(struct gpu *gpu, const struct gpu_pipeline *pipeline, struct gpu_code *worst,
                       struct error *err) {
  const VkPipelineInfoKHR which = {.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, .pipeline = pipeline->handle};
  VkPipelineExecutablePropertiesKHR properties[EXECUTABLES];
  uint32_t n = EXECUTABLES;
  struct gpu_code *code = malloc(sizeof *code);
  bool ok = false;
  if (!code) {
    error_set(err, ERROR_MEMORY, "out of memory for the statistics of a pipeline");
    goto error;
  }
  for (uint32_t i = 0; i < n; i++)
    properties[i] =
        (VkPipelineExecutablePropertiesKHR){.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR};
  VK(vkGetPipelineExecutablePropertiesKHR(gpu->device, &which, &n, properties));
  for (uint32_t i = 0; i < n; i++) {
    code->compile_ns = worst->compile_ns;
    if (!read_executable(gpu, pipeline, i, properties[i].subgroupSize, code, err)) goto error;
    if (i == 0 || codegen_worse(&code->codegen, &worst->codegen)) *worst = *code;
  }
  ok = true;

error:
  free(code);
  return ok;
}

bool gpu_compile(struct gpu *gpu, const struct spirv *spirv, uint32_t bindings, uint32_t push_bytes,
                 const uint32_t *spec, uint32_t n_spec, struct gpu_code *code, struct error *err) {
  bool telling = gpu->physical.caps.features & FEATURE_EXECUTABLE_PROPERTIES;
  code->codegen = codegen_unknown();
  code->n = 0;
  struct compile_time time;
  struct gpu_pipeline *pipeline =
      pipeline_make(gpu, spirv, bindings, push_bytes, spec, n_spec,
                    telling ? VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR : 0, VK_NULL_HANDLE, &time, err);
  if (!pipeline) return false;
  code->compile_ns = time.ns;
  bool ok = !telling || read_worst(gpu, pipeline, code, err);
  gpu_pipeline_destroy(gpu, pipeline);
  return ok;
}
