/* volk, the Vulkan meta-loader, compiled in: the program starts on machines without libvulkan. */
#pragma GCC diagnostic ignored "-Wpedantic"   /* dlsym's data pointers become function pointers */
#define VK_NO_PROTOTYPES
#define VOLK_IMPLEMENTATION
#include <volk.h>
