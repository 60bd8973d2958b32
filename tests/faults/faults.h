/* The faults themselves: the calls that layer.c puts between the program and the driver. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

#include "layer.h"

/* name in VKPARETO_FAULT, and the events that are counted to the one on which it strikes
 *   no-devices       every enumeration finds none
 *   create-device    the n-th device creation fails
 *   lost             the n-th submission loses the device; nothing is submitted to it afterwards
 *   lost-work        as lost, at the n-th submission that dispatches
 *   gone             as lost-work, and no device can be created from then on, in any process: it needs the record
 *   device-memory    the n-th allocation is out of device memory
 *   allocation-over  allocations of over n MiB are out of device memory
 *   range-over       of a binding the first n MiB are seen by kernels
 *   host-memory      the n-th mapping is out of host memory
 *   pipeline         the n-th pipeline is refused
 *   fence            the fence of the n-th submission that dispatches never signals, nor does any after it
 *   late             the n-th fence waited for signals 10 s late
 *   flip             after the n-th submission that dispatched, one bit of the buffer last filled is another
 *   zero             timestamps are zero from the n-th query on
 *   backwards        they run backwards, likewise
 *   fast             they run 1.5 times as fast, likewise
 *   slow             they run at two thirds of their speed, likewise
 *   wrap             they have n valid bits and wrap within the first query
 *   no-timestamps    no queue has any
 *   no-local-memory  no memory type or heap is the device's own
 *   keep             none: the driver keeps pipelines (keep.c)
 *   keep-dies        as keep, and dies of what it gave
 *   count            none; the record says how many events of each kind there were ("dispatch 217")
 *
 * How many submissions there are depends on the machine, whose clock is tested by work as long as it needs; how many
 * dispatch does not. */

VkResult faults_create_device(PFN_vkCreateDevice next, VkPhysicalDevice, const VkDeviceCreateInfo *,
                              const VkAllocationCallbacks *, VkDevice *);
void faults_end(void);   /* a device is about to be destroyed */
bool faults_keeps(void);
bool faults_dies_of_cache(void);
void faults_keep(const VkComputePipelineCreateInfo *);   /* a pipeline that was made, by a driver that keeps them */

VKAPI_ATTR VkResult VKAPI_CALL fault_EnumeratePhysicalDevices(VkInstance, uint32_t *, VkPhysicalDevice *);
VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceMemoryProperties(VkPhysicalDevice,
                                                                   VkPhysicalDeviceMemoryProperties *);
VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice,
                                                                    VkPhysicalDeviceMemoryProperties2 *);
VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice, uint32_t *,
                                                                        VkQueueFamilyProperties *);
VKAPI_ATTR VkResult VKAPI_CALL fault_AllocateMemory(VkDevice, const VkMemoryAllocateInfo *,
                                                    const VkAllocationCallbacks *, VkDeviceMemory *);
VKAPI_ATTR VkResult VKAPI_CALL fault_BindBufferMemory(VkDevice, VkBuffer, VkDeviceMemory, VkDeviceSize);
VKAPI_ATTR void VKAPI_CALL fault_CmdDispatch(VkCommandBuffer, uint32_t, uint32_t, uint32_t);
VKAPI_ATTR void VKAPI_CALL fault_CmdFillBuffer(VkCommandBuffer, VkBuffer, VkDeviceSize, VkDeviceSize, uint32_t);
VKAPI_ATTR VkResult VKAPI_CALL fault_CreateComputePipelines(VkDevice, VkPipelineCache, uint32_t,
                                                            const VkComputePipelineCreateInfo *,
                                                            const VkAllocationCallbacks *, VkPipeline *);
VKAPI_ATTR VkResult VKAPI_CALL fault_CreatePipelineCache(VkDevice, const VkPipelineCacheCreateInfo *,
                                                         const VkAllocationCallbacks *, VkPipelineCache *);
VKAPI_ATTR VkResult VKAPI_CALL fault_CreateShaderModule(VkDevice, const VkShaderModuleCreateInfo *,
                                                        const VkAllocationCallbacks *, VkShaderModule *);
VKAPI_ATTR VkResult VKAPI_CALL fault_GetPipelineCacheData(VkDevice, VkPipelineCache, size_t *, void *);
VKAPI_ATTR VkResult VKAPI_CALL fault_GetQueryPoolResults(VkDevice, VkQueryPool, uint32_t, uint32_t, size_t, void *,
                                                         VkDeviceSize, VkQueryResultFlags);
VKAPI_ATTR VkResult VKAPI_CALL fault_MapMemory(VkDevice, VkDeviceMemory, VkDeviceSize, VkDeviceSize, VkMemoryMapFlags,
                                               void **);
VKAPI_ATTR VkResult VKAPI_CALL fault_QueueSubmit(VkQueue, uint32_t, const VkSubmitInfo *, VkFence);
VKAPI_ATTR void VKAPI_CALL fault_UpdateDescriptorSets(VkDevice, uint32_t, const VkWriteDescriptorSet *, uint32_t,
                                                      const VkCopyDescriptorSet *);
VKAPI_ATTR VkResult VKAPI_CALL fault_WaitForFences(VkDevice, uint32_t, const VkFence *, VkBool32, uint64_t);

#endif
