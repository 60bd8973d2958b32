#include "layer.h"

#include <string.h>

#include "faults.h"

enum { MOST = 16 };   /* instances or devices open at once in a process */
static struct instance_chain instances[MOST];
static struct device_chain devices[MOST];

/* A dispatchable object begins with the pointer to its dispatch table, which all objects of one instance or of one
 * device share. */
static void *key_of(const void *dispatchable) { return *(void *const *)dispatchable; }

/* The caller holds an object of a live chain, so one is always found; key NULL finds a free place, or NULL. */
static struct instance_chain *find_instance(const void *key) {
  for (size_t i = 0; i < MOST; i++)
    if (instances[i].key == key) return &instances[i];
  return NULL;
}

static struct device_chain *find_device(const void *key) {
  for (size_t i = 0; i < MOST; i++)
    if (devices[i].key == key) return &devices[i];
  return NULL;
}

const struct instance_chain *layer_instance(const void *dispatchable) { return find_instance(key_of(dispatchable)); }
const struct device_chain *layer_device(const void *dispatchable) { return find_device(key_of(dispatchable)); }

/* ---- chains are made and ended */

/* The loader's link in the pNext chain of a create info; it must be moved on for the next layer. */
static VkLayerInstanceCreateInfo *instance_link(const VkInstanceCreateInfo *create) {
  VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)create->pNext;
  while (link &&
         !(link->sType == VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
    link = (VkLayerInstanceCreateInfo *)link->pNext;
  return link;
}

static VkLayerDeviceCreateInfo *device_link(const VkDeviceCreateInfo *create) {
  VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)create->pNext;
  while (link &&
         !(link->sType == VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO && link->function == VK_LAYER_LINK_INFO))
    link = (VkLayerDeviceCreateInfo *)link->pNext;
  return link;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *create,
                                                      const VkAllocationCallbacks *allocator, VkInstance *out) {
  VkLayerInstanceCreateInfo *link = instance_link(create);
  struct instance_chain *chain = find_instance(NULL);
  if (!link || !chain) return VK_ERROR_INITIALIZATION_FAILED;
  PFN_vkGetInstanceProcAddr get = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  PFN_vkCreateInstance next = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
  VkResult result = next ? next(create, allocator, out) : VK_ERROR_INITIALIZATION_FAILED;
  if (result != VK_SUCCESS) return result;
  *chain = (struct instance_chain){.key = key_of(*out), .handle = *out, .GetInstanceProcAddr = get};
  chain->DestroyInstance = (PFN_vkDestroyInstance)get(*out, "vkDestroyInstance");
#define LOOK_UP(name) chain->name = (PFN_vk##name)get(*out, "vk" #name);
  LAYER_INSTANCE_CALLS(LOOK_UP)
#undef LOOK_UP
  return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance instance, const VkAllocationCallbacks *allocator) {
  struct instance_chain *chain = instance ? find_instance(key_of(instance)) : NULL;
  if (!chain) return;
  chain->DestroyInstance(instance, allocator);
  *chain = (struct instance_chain){0};
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *create,
                                                    const VkAllocationCallbacks *allocator, VkDevice *out) {
  const struct instance_chain *instance = layer_instance(physical);
  VkLayerDeviceCreateInfo *link = device_link(create);
  struct device_chain *chain = find_device(NULL);
  if (!link || !chain) return VK_ERROR_INITIALIZATION_FAILED;
  PFN_vkGetInstanceProcAddr get_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  PFN_vkGetDeviceProcAddr get = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  PFN_vkCreateDevice next = (PFN_vkCreateDevice)get_instance(instance->handle, "vkCreateDevice");
  if (!next) return VK_ERROR_INITIALIZATION_FAILED;
  VkResult result = faults_create_device(next, physical, create, allocator, out);
  if (result != VK_SUCCESS) return result;
  *chain = (struct device_chain){.key = key_of(*out), .handle = *out, .GetDeviceProcAddr = get};
  chain->DestroyDevice = (PFN_vkDestroyDevice)get(*out, "vkDestroyDevice");
#define LOOK_UP(name) chain->name = (PFN_vk##name)get(*out, "vk" #name);
  LAYER_DEVICE_CALLS(LOOK_UP)
#undef LOOK_UP
  return VK_SUCCESS;
}

static VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice device, const VkAllocationCallbacks *allocator) {
  struct device_chain *chain = device ? find_device(key_of(device)) : NULL;
  if (!chain) return;
  faults_end();
  chain->DestroyDevice(device, allocator);
  *chain = (struct device_chain){0};
}

/* ---- what the loader asks for */

struct named { const char *name; PFN_vkVoidFunction function; };

static PFN_vkVoidFunction find_named(const struct named *list, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i].name, name) == 0) return list[i].function;
  return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device_proc(VkDevice device, const char *name) {
  static const struct named ours[] = {
    {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)get_device_proc},
    {"vkDestroyDevice", (PFN_vkVoidFunction)destroy_device},
#define ENTRY(call) {"vk" #call, (PFN_vkVoidFunction)fault_##call},
    LAYER_DEVICE_CALLS(ENTRY)
  };
  PFN_vkVoidFunction found = find_named(ours, sizeof ours / sizeof *ours, name);
  const struct device_chain *chain = device ? layer_device(device) : NULL;
  return found || !chain ? found : chain->GetDeviceProcAddr(device, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_instance_proc(VkInstance instance, const char *name) {
  static const struct named ours[] = {
    {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)get_instance_proc},
    {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
    {"vkDestroyInstance", (PFN_vkVoidFunction)destroy_instance},
    {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
    LAYER_INSTANCE_CALLS(ENTRY)
#undef ENTRY
  };
  PFN_vkVoidFunction found = find_named(ours, sizeof ours / sizeof *ours, name);
  if (!found) found = get_device_proc(NULL, name);
  const struct instance_chain *chain = instance ? layer_instance(instance) : NULL;
  return found || !chain ? found : chain->GetInstanceProcAddr(instance, name);
}

VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *interface) {
  if (interface->sType != LAYER_NEGOTIATE_INTERFACE_STRUCT || interface->loaderLayerInterfaceVersion < 2)
    return VK_ERROR_INITIALIZATION_FAILED;
  interface->loaderLayerInterfaceVersion = 2;
  interface->pfnGetInstanceProcAddr = get_instance_proc;
  interface->pfnGetDeviceProcAddr = get_device_proc;
  interface->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}
