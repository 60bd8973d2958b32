/* VK_EXT_layer_settings for Vulkan headers that do not have it yet (before 1.3.272; Debian 12's are 1.3.239). Names,
 * values and layout as in the Vulkan specification, appendix "VK_EXT_layer_settings". */
#ifndef LAYER_SETTINGS_H
#define LAYER_SETTINGS_H

#include <volk.h>

#ifndef VK_EXT_layer_settings
#define VK_EXT_LAYER_SETTINGS_EXTENSION_NAME "VK_EXT_layer_settings"
#define VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT ((VkStructureType)1000496000)

typedef enum VkLayerSettingTypeEXT { VK_LAYER_SETTING_TYPE_BOOL32_EXT = 0 } VkLayerSettingTypeEXT;

typedef struct VkLayerSettingEXT {
  const char *pLayerName, *pSettingName;
  VkLayerSettingTypeEXT type;
  uint32_t valueCount;
  const void *pValues;
} VkLayerSettingEXT;

typedef struct VkLayerSettingsCreateInfoEXT {
  VkStructureType sType;
  const void *pNext;
  uint32_t settingCount;
  const VkLayerSettingEXT *pSettings;
} VkLayerSettingsCreateInfoEXT;
#endif

#endif
