#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "vk_internal.h"

/* How a feature is asked for and enabled: the extension it comes with (NULL: core 1.2), the version that took the
 * extension into the core (0: none), and its switch in the chain (0: it has none). robustBufferAccess is left out
 * on purpose: it would hide the stray accesses that the guards of `check` look for, and costs time. */
struct feature_switch { uint64_t feature; const char *extension; uint32_t core_since; size_t at; };
#define AT(member) offsetof(struct feature_chain, member)
static const struct feature_switch switches[] = {
  {FEATURE_STORAGE_16BIT, NULL, 0, AT(v11.storageBuffer16BitAccess)},
  {FEATURE_STORAGE_8BIT, NULL, 0, AT(v12.storageBuffer8BitAccess)},
  {FEATURE_FLOAT16, NULL, 0, AT(v12.shaderFloat16)},
  {FEATURE_INT8, NULL, 0, AT(v12.shaderInt8)},
  {FEATURE_INT16, NULL, 0, AT(core.features.shaderInt16)},
  {FEATURE_INT64, NULL, 0, AT(core.features.shaderInt64)},
  {FEATURE_INT_DOT, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME, VK_API_VERSION_1_3,
   AT(int_dot.shaderIntegerDotProduct)},
  {FEATURE_SUBGROUP_SIZE_CONTROL, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME, VK_API_VERSION_1_3,
   AT(subgroup_size.subgroupSizeControl)},
  {FEATURE_BUFFER_ADDRESS, NULL, 0, AT(v12.bufferDeviceAddress)},
  {FEATURE_VULKAN_MEMORY_MODEL, NULL, 0, AT(v12.vulkanMemoryModel)},
  {FEATURE_COOPMAT, VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME, 0, AT(coopmat.cooperativeMatrix)},
  {FEATURE_MEMORY_BUDGET, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, 0, 0},
  {FEATURE_EXECUTABLE_PROPERTIES, VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME, 0,
   AT(executable.pipelineExecutableInfo)},
  {FEATURE_CREATION_FEEDBACK, VK_EXT_PIPELINE_CREATION_FEEDBACK_EXTENSION_NAME, VK_API_VERSION_1_3, 0},
};
enum { N_SWITCHES = sizeof switches / sizeof switches[0] };

bool extensions_read(VkPhysicalDevice device, struct extensions *out, struct error *err) {
  *out = (struct extensions){0};
  VK(vkEnumerateDeviceExtensionProperties(device, NULL, &out->n, NULL));
  if (out->n == 0) return true;
  out->list = calloc(out->n, sizeof *out->list);
  if (!out->list) {
    error_set(err, ERROR_MEMORY, "out of memory for the names of %u extensions", out->n);
    goto error;
  }
  VK(vkEnumerateDeviceExtensionProperties(device, NULL, &out->n, out->list));
  return true;

error:
  free(out->list);
  *out = (struct extensions){0};
  return false;
}

bool extensions_have(const struct extensions *extensions, const char *name) {
  for (uint32_t i = 0; i < extensions->n; i++)
    if (strcmp(extensions->list[i].extensionName, name) == 0) return true;
  return false;
}

static bool in_core(const struct feature_switch *s, uint32_t api_version) {
  return !s->extension || (s->core_since && api_version >= s->core_since);
}

static VkBool32 *find_switch(struct feature_chain *chain, const struct feature_switch *s) {
  return (VkBool32 *)((char *)chain + s->at);
}

uint64_t features_known(uint32_t api_version, const struct extensions *extensions) {
  uint64_t known = 0;
  for (size_t i = 0; i < N_SWITCHES; i++)
    if (in_core(&switches[i], api_version) || extensions_have(extensions, switches[i].extension))
      known |= switches[i].feature;
  return known;
}

void chain_link(void *head, const struct link *links, size_t n) {
  VkBaseOutStructure *tail = head;
  for (size_t i = 0; i < n; i++)
    if (links[i].known) tail = tail->pNext = links[i].structure;
}

static void chain_build(struct feature_chain *chain, uint64_t known) {
  *chain = (struct feature_chain){
    .core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
    .v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .int_dot.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES,
    .subgroup_size.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
    .coopmat.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
    .executable.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR,
  };
  const struct link links[] = {
    {&chain->v11, true},
    {&chain->v12, true},
    {&chain->int_dot, known & FEATURE_INT_DOT},
    {&chain->subgroup_size, known & FEATURE_SUBGROUP_SIZE_CONTROL},
    {&chain->coopmat, known & FEATURE_COOPMAT},
    {&chain->executable, known & FEATURE_EXECUTABLE_PROPERTIES},
  };
  chain_link(&chain->core, links, sizeof links / sizeof links[0]);
}

uint64_t features_query(VkPhysicalDevice device, uint64_t known) {
  struct feature_chain chain;
  chain_build(&chain, known);
  vkGetPhysicalDeviceFeatures2(device, &chain.core);
  uint64_t offered = 0;
  for (size_t i = 0; i < N_SWITCHES; i++)
    if ((known & switches[i].feature) && (!switches[i].at || *find_switch(&chain, &switches[i])))
      offered |= switches[i].feature;
  return offered;
}

void features_enable(uint64_t features, uint32_t api_version, struct feature_chain *chain, const char **names,
                     uint32_t *n) {
  chain_build(chain, features);
  *n = 0;
  for (size_t i = 0; i < N_SWITCHES; i++) {
    if (!(features & switches[i].feature)) continue;
    if (switches[i].at) *find_switch(chain, &switches[i]) = VK_TRUE;
    if (!in_core(&switches[i], api_version)) names[(*n)++] = switches[i].extension;
  }
}
