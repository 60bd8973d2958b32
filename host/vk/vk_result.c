#include <string.h>

#include "vk_internal.h"

const char *vk_result_name(VkResult result) {
#define NAME(r) case r: return #r
  switch (result) {
    NAME(VK_SUCCESS);
    NAME(VK_NOT_READY);
    NAME(VK_TIMEOUT);
    NAME(VK_INCOMPLETE);
    NAME(VK_ERROR_OUT_OF_HOST_MEMORY);
    NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY);
    NAME(VK_ERROR_INITIALIZATION_FAILED);
    NAME(VK_ERROR_DEVICE_LOST);
    NAME(VK_ERROR_MEMORY_MAP_FAILED);
    NAME(VK_ERROR_LAYER_NOT_PRESENT);
    NAME(VK_ERROR_EXTENSION_NOT_PRESENT);
    NAME(VK_ERROR_FEATURE_NOT_PRESENT);
    NAME(VK_ERROR_INCOMPATIBLE_DRIVER);
    NAME(VK_ERROR_TOO_MANY_OBJECTS);
    NAME(VK_ERROR_FRAGMENTED_POOL);
    NAME(VK_ERROR_OUT_OF_POOL_MEMORY);
    NAME(VK_ERROR_FRAGMENTATION);
    NAME(VK_ERROR_INVALID_SHADER_NV);
    NAME(VK_ERROR_UNKNOWN);
    default: return "a VkResult this program does not know";
  }
#undef NAME
}

static enum error_kind kind_of(VkResult result) {
  switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED: return ERROR_MEMORY;
    case VK_ERROR_DEVICE_LOST: return ERROR_LOST;
    case VK_ERROR_LAYER_NOT_PRESENT:
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_FEATURE_NOT_PRESENT: return ERROR_UNSUPPORTED;
    default: return ERROR_DRIVER;
  }
}

static const char *remedy_of(enum error_kind kind) {
  switch (kind) {
    case ERROR_MEMORY: return "close other programs that use the device, or ask for smaller shapes";
    case ERROR_LOST: return "the driver gave the device up; the kernel log (dmesg) says why";
    case ERROR_UNSUPPORTED: return "update the driver or the Vulkan loader";
    default: return "update the driver, or pass --validation to learn more";
  }
}

bool vk_failed(VkResult result, const char *call, const char *file, int line, struct error *err) {
  const char *name = strrchr(file, '/');
  enum error_kind kind = kind_of(result);
  return error_set(err, kind, "%s (%d) from %.200s at %s:%d; %s", vk_result_name(result), (int)result, call,
                   name ? name + 1 : file, line, remedy_of(kind));
}
