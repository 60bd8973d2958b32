/* A Vulkan layer that injects one fault, so that the tests see what the program makes of a driver that fails.
 *
 * VKPARETO_FAULT names the fault, with the number of the event on which it strikes after a colon ("lost:20"; 1 where
 * none is given; what an event is, faults.h says). Without the variable the layer passes everything on.
 * VKPARETO_FAULT_RECORD, the path of a file that does not exist yet, makes a fault that strikes once strike once in
 * all processes together: it creates the file. Without it the fault strikes once in each process.
 *
 * Interface: "Vulkan Loader Interface Architecture", version 2 of the layer interface (vulkan/vk_layer.h). The program
 * under test uses a device from one thread, and so does this layer: nothing here is locked. */
#ifndef LAYER_H
#define LAYER_H

#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

/* The calls that the layer listens to; those that make and end a chain besides. */
#define LAYER_INSTANCE_CALLS(X)         \
  X(EnumeratePhysicalDevices)           \
  X(GetPhysicalDeviceMemoryProperties)  \
  X(GetPhysicalDeviceMemoryProperties2) \
  X(GetPhysicalDeviceQueueFamilyProperties)

#define LAYER_DEVICE_CALLS(X) \
  X(AllocateMemory)           \
  X(BindBufferMemory)         \
  X(CmdDispatch)              \
  X(CmdFillBuffer)            \
  X(CreateComputePipelines)   \
  X(CreatePipelineCache)      \
  X(CreateShaderModule)       \
  X(GetPipelineCacheData)     \
  X(GetQueryPoolResults)      \
  X(MapMemory)                \
  X(QueueSubmit)              \
  X(UpdateDescriptorSets)     \
  X(WaitForFences)

/* What lies below the layer on the way to the driver. */
struct instance_chain {
  void *key;   /* NULL: free */
  VkInstance handle;
  PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
  PFN_vkDestroyInstance DestroyInstance;
#define MEMBER(name) PFN_vk##name name;
  LAYER_INSTANCE_CALLS(MEMBER)
};

struct device_chain {
  void *key;
  VkDevice handle;
  PFN_vkGetDeviceProcAddr GetDeviceProcAddr;
  PFN_vkDestroyDevice DestroyDevice;
  LAYER_DEVICE_CALLS(MEMBER)
#undef MEMBER
};

/* The chain of an instance or physical device; of a device, queue or command buffer. */
const struct instance_chain *layer_instance(const void *dispatchable);
const struct device_chain *layer_device(const void *dispatchable);

#endif
