#include <stdlib.h>
#include <string.h>

#include "layer_settings.h"
#include "log.h"
#include "platform.h"
#include "vk_internal.h"

static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

static bool load(struct error *err) {
  static bool loaded;
  if (loaded) return true;
  /* volkInitialize would call into a library of that name that is no loader. */
  void *entry = platform_symbol("libvulkan.so.1", "vkGetInstanceProcAddr");
  if (!entry)
    return error_set(err, ERROR_NO_DEVICE,
                     "no Vulkan loader (libvulkan.so.1) on this machine; install libvulkan1 and your GPU's driver, or "
                     "for a CPU fallback on Debian: apt install libvulkan1 mesa-vulkan-drivers");
  PFN_vkGetInstanceProcAddr get;
  memcpy(&get, &entry, sizeof get);   /* ISO C has no cast from object to function pointer */
  volkInitializeCustom(get);
  if (volkGetInstanceVersion() < VK_API_VERSION_1_1)
    return error_set(err, ERROR_NO_DEVICE, "the Vulkan loader is of version 1.0, 1.1 is needed; update libvulkan1");
  loaded = true;
  return true;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                              VkDebugUtilsMessageTypeFlagsEXT types,
                                              const VkDebugUtilsMessengerCallbackDataEXT *data, void *user) {
  (void)severity, (void)types;
  struct instance *instance = user;
  if (instance->messages++ == 0)
    strncat(instance->first_message, data->pMessage ? data->pMessage : "", sizeof instance->first_message - 1);
  log_detail("validation: %s", data->pMessage ? data->pMessage : "(no text)");
  return VK_FALSE;
}

static bool have_validation_layer(void) {
  uint32_t n = 0;
  if (vkEnumerateInstanceLayerProperties(&n, NULL) < 0 || n == 0) return false;
  VkLayerProperties *layers = calloc(n, sizeof *layers);
  bool found = false;
  if (layers && vkEnumerateInstanceLayerProperties(&n, layers) >= 0)
    for (uint32_t i = 0; i < n && !found; i++) found = strcmp(layers[i].layerName, validation_layer) == 0;
  free(layers);
  return found;
}

/* layer: NULL for the loader and the drivers. */
static bool have_extension(const char *layer, const char *name) {
  uint32_t n = 0;
  if (vkEnumerateInstanceExtensionProperties(layer, &n, NULL) < 0 || n == 0) return false;
  VkExtensionProperties *extensions = calloc(n, sizeof *extensions);
  bool found = false;
  if (extensions && vkEnumerateInstanceExtensionProperties(layer, &n, extensions) >= 0)
    for (uint32_t i = 0; i < n && !found; i++) found = strcmp(extensions[i].extensionName, name) == 0;
  free(extensions);
  return found;
}

bool instance_open(struct instance *instance, bool validation, struct error *err) {
  memset(instance, 0, sizeof *instance);
  if (!load(err)) return false;
  if (validation && !have_validation_layer())
    return error_set(err, ERROR_UNSUPPORTED,
                     "validation was asked for but %s is not installed; on Debian: apt install vulkan-validationlayers",
                     validation_layer);

  const VkValidationFeatureEnableEXT enabled = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  const VkValidationFeaturesEXT features = {
    .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
    .enabledValidationFeatureCount = 1,
    .pEnabledValidationFeatures = &enabled,
  };
  /* Since July 2024 (its pull request 8279) the layer looks at what shaders access only if this is set; without it two
   * dispatches that race are no hazard to it. */
  const VkBool32 on = VK_TRUE;
  const VkLayerSettingEXT heuristic = {validation_layer, "syncval_shader_accesses_heuristic",
                                       VK_LAYER_SETTING_TYPE_BOOL32_EXT, 1, &on};
  const VkLayerSettingsCreateInfoEXT settings = {
    .sType = VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT,
    .pNext = &features,
    .settingCount = 1,
    .pSettings = &heuristic,
  };
  const bool can_set = validation && have_extension(validation_layer, VK_EXT_LAYER_SETTINGS_EXTENSION_NAME);
  /* Only what the validation layers say: a loader that skips a broken driver is not an error of ours. */
  const VkDebugUtilsMessengerCreateInfoEXT messenger = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .pNext = can_set ? (const void *)&settings : &features,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
    .pfnUserCallback = message,
    .pUserData = instance,
  };
  const VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .pApplicationName = "vkpareto",
    .apiVersion = VK_TARGET_VERSION,
  };
  const char *const layers[] = {validation_layer};
  /* Drivers that run Vulkan on another API (MoltenVK) are shown only to who asks for them. */
  const bool portability = have_extension(NULL, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
  const char *extensions[3];
  uint32_t n_extensions = 0;
  if (portability) extensions[n_extensions++] = VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
  if (validation) extensions[n_extensions++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
  if (can_set) extensions[n_extensions++] = VK_EXT_LAYER_SETTINGS_EXTENSION_NAME;
  const VkInstanceCreateInfo create = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pNext = validation ? &messenger : NULL,
    .flags = portability ? VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR : 0,
    .pApplicationInfo = &application,
    .enabledLayerCount = validation,
    .ppEnabledLayerNames = layers,
    .enabledExtensionCount = n_extensions,
    .ppEnabledExtensionNames = extensions,
  };
  VkResult result = vkCreateInstance(&create, NULL, &instance->handle);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {   /* what the loader says when there is no driver at all */
    instance->handle = NULL;
    return true;
  }
  VK(result);
  volkLoadInstance(instance->handle);
  if (validation) {
    VkDebugUtilsMessengerCreateInfoEXT standing = messenger;
    standing.pNext = NULL;
    VK(vkCreateDebugUtilsMessengerEXT(instance->handle, &standing, NULL, &instance->messenger));
  }
  return true;

error:
  instance_close(instance);
  return false;
}

void instance_close(struct instance *instance) {
  if (!instance->handle) return;
  /* Drivers leave threads and exit handlers behind whose code must not vanish with the instance, and the next instance
   * finds them loaded. It also lets a leak report name the driver. */
  platform_keep_libraries();
  if (instance->messenger) vkDestroyDebugUtilsMessengerEXT(instance->handle, instance->messenger, NULL);
  vkDestroyInstance(instance->handle, NULL);
  instance->handle = NULL;
  instance->messenger = VK_NULL_HANDLE;
}

static int compare_devices(const void *left, const void *right) {
  const struct caps *a = &((const struct physical *)left)->caps, *b = &((const struct physical *)right)->caps;
  if (a->type != b->type) return a->type < b->type ? -1 : 1;
  int order = strcmp(a->pci, b->pci);
  if (order == 0) order = strcmp(a->name, b->name);
  return order ? order : strcmp(a->uuid, b->uuid);
}

bool instance_devices(const struct instance *instance, struct physical **out, size_t *n, struct error *err) {
  *out = NULL;
  *n = 0;
  if (!instance->handle) return true;
  VkPhysicalDevice handles[GPU_MAX_DEVICES];
  uint32_t found = GPU_MAX_DEVICES;
  struct physical *devices = NULL;
  VkResult result = vkEnumeratePhysicalDevices(instance->handle, &found, handles);
  if (result == VK_ERROR_INITIALIZATION_FAILED || found == 0) return true;   /* every driver declined */
  VK(result);

  devices = calloc(found, sizeof *devices);
  if (!devices) {
    error_set(err, ERROR_MEMORY, "out of memory for %u devices", found);
    goto error;
  }
  for (uint32_t i = 0; i < found; i++) {
    devices[i].handle = handles[i];
    if (!caps_read(&devices[i], err)) goto error;
  }
  qsort(devices, found, sizeof *devices, compare_devices);
  *out = devices;
  *n = found;
  return true;

error:
  free(devices);
  return false;
}

bool gpu_none(struct error *err) {
  return error_set(err, ERROR_NO_DEVICE, "no Vulkan device found; install your GPU's driver, or for a CPU fallback on "
                                         "Debian: apt install mesa-vulkan-drivers");
}

bool gpu_list(struct caps *out, size_t max, size_t *n, struct error *err) {
  struct instance instance;
  struct physical *devices;
  *n = 0;
  if (!instance_open(&instance, false, err)) return false;
  bool ok = instance_devices(&instance, &devices, n, err);
  if (*n > max) *n = max;
  for (size_t i = 0; i < *n; i++) out[i] = devices[i].caps;
  free(devices);
  instance_close(&instance);
  return ok;
}
