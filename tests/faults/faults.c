#include "faults.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- which fault, and when */

static const char *record_path(void) { return getenv("VKPARETO_FAULT_RECORD"); }

/* Is this the fault? *n: the number after its name. */
static bool chosen(const char *name, unsigned long *n) {
  const char *fault = getenv("VKPARETO_FAULT");
  size_t length = strlen(name);
  if (!fault || strncmp(fault, name, length) != 0 || (fault[length] && fault[length] != ':')) return false;
  *n = fault[length] ? strtoul(fault + length + 1, NULL, 10) : 1;
  return true;
}

/* One fault is chosen at a time, so one count is enough. */
static unsigned long events;

/* Counts an event; true for the one on which the fault strikes. */
static bool strikes(const char *name) {
  unsigned long n;
  if (!chosen(name, &n) || ++events != n) return false;
  if (!record_path()) return true;
  int fd = open(record_path(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0) return false;   /* it struck already, in another process */
  close(fd);
  return true;
}

static bool always(const char *name) {
  unsigned long n;
  return chosen(name, &n);
}

static struct { unsigned long dispatch, allocation; } counts;

void faults_end(void) {
  FILE *record = always("count") && record_path() ? fopen(record_path(), "w") : NULL;
  if (!record) return;
  fprintf(record, "dispatch %lu\nallocation %lu\n", counts.dispatch, counts.allocation);
  fclose(record);
}

bool faults_dies_of_cache(void) { return always("keep-dies"); }
bool faults_keeps(void) { return always("keep") || faults_dies_of_cache(); }

/* ---- devices */

VKAPI_ATTR VkResult VKAPI_CALL fault_EnumeratePhysicalDevices(VkInstance instance, uint32_t *n, VkPhysicalDevice *out) {
  if (!always("no-devices")) return layer_instance(instance)->EnumeratePhysicalDevices(instance, n, out);
  *n = 0;
  return VK_SUCCESS;
}

VkResult faults_create_device(PFN_vkCreateDevice next, VkPhysicalDevice physical, const VkDeviceCreateInfo *create,
                              const VkAllocationCallbacks *allocator, VkDevice *out) {
  bool gone = always("gone") && record_path() && access(record_path(), F_OK) == 0;
  return gone || strikes("create-device") ? VK_ERROR_INITIALIZATION_FAILED : next(physical, create, allocator, out);
}

static void hide_local_memory(VkPhysicalDeviceMemoryProperties *memory) {
  if (!always("no-local-memory")) return;
  for (uint32_t i = 0; i < memory->memoryTypeCount; i++)
    memory->memoryTypes[i].propertyFlags &= ~(VkMemoryPropertyFlags)VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  for (uint32_t i = 0; i < memory->memoryHeapCount; i++)
    memory->memoryHeaps[i].flags &= ~(VkMemoryHeapFlags)VK_MEMORY_HEAP_DEVICE_LOCAL_BIT;
}

VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceMemoryProperties(VkPhysicalDevice physical,
                                                                   VkPhysicalDeviceMemoryProperties *out) {
  layer_instance(physical)->GetPhysicalDeviceMemoryProperties(physical, out);
  hide_local_memory(out);
}

VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice physical,
                                                                    VkPhysicalDeviceMemoryProperties2 *out) {
  layer_instance(physical)->GetPhysicalDeviceMemoryProperties2(physical, out);
  hide_local_memory(&out->memoryProperties);
}

VKAPI_ATTR void VKAPI_CALL fault_GetPhysicalDeviceQueueFamilyProperties(VkPhysicalDevice physical, uint32_t *n,
                                                                        VkQueueFamilyProperties *out) {
  layer_instance(physical)->GetPhysicalDeviceQueueFamilyProperties(physical, n, out);
  unsigned long bits;
  for (uint32_t i = 0; out && i < *n; i++) {
    if (always("no-timestamps")) out[i].timestampValidBits = 0;
    if (chosen("wrap", &bits)) out[i].timestampValidBits = (uint32_t)bits;
  }
}

/* ---- memory */

/* Where the program sees the memory of each buffer: what `flip` needs. */
enum { MEMORIES = 4096 };
static struct place { VkDeviceMemory memory; VkBuffer buffer; char *mapped; VkDeviceSize offset; } places[MEMORIES];
static size_t n_places;
static struct { VkBuffer buffer; VkDeviceSize middle; } filled;   /* what was filled last */
static bool dispatched;                                           /* since the last wait */

VKAPI_ATTR VkResult VKAPI_CALL fault_AllocateMemory(VkDevice device, const VkMemoryAllocateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDeviceMemory *out) {
  unsigned long mib;
  counts.allocation++;
  if (strikes("device-memory") || (chosen("allocation-over", &mib) && info->allocationSize > (uint64_t)mib << 20))
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  return layer_device(device)->AllocateMemory(device, info, allocator, out);
}

VKAPI_ATTR void VKAPI_CALL fault_UpdateDescriptorSets(VkDevice device, uint32_t n, const VkWriteDescriptorSet *writes,
                                                      uint32_t n_copies, const VkCopyDescriptorSet *copies) {
  enum { BINDINGS = 16 };
  unsigned long mib;
  VkDescriptorBufferInfo less[BINDINGS];
  if (!chosen("range-over", &mib) || n != 1 || writes->descriptorCount > BINDINGS) {
    layer_device(device)->UpdateDescriptorSets(device, n, writes, n_copies, copies);
    return;
  }
  VkWriteDescriptorSet write = *writes;
  for (uint32_t i = 0; i < write.descriptorCount; i++) {
    less[i] = write.pBufferInfo[i];
    if (less[i].range > (uint64_t)mib << 20) less[i].range = (uint64_t)mib << 20;
  }
  write.pBufferInfo = less;
  layer_device(device)->UpdateDescriptorSets(device, 1, &write, n_copies, copies);
}

VKAPI_ATTR VkResult VKAPI_CALL fault_BindBufferMemory(VkDevice device, VkBuffer buffer, VkDeviceMemory memory,
                                                      VkDeviceSize offset) {
  places[n_places++ % MEMORIES] = (struct place){memory, buffer, NULL, offset};
  return layer_device(device)->BindBufferMemory(device, buffer, memory, offset);
}

VKAPI_ATTR VkResult VKAPI_CALL fault_MapMemory(VkDevice device, VkDeviceMemory memory, VkDeviceSize offset,
                                               VkDeviceSize size, VkMemoryMapFlags flags, void **out) {
  if (strikes("host-memory")) return VK_ERROR_OUT_OF_HOST_MEMORY;
  VkResult result = layer_device(device)->MapMemory(device, memory, offset, size, flags, out);
  for (size_t i = 0; result == VK_SUCCESS && i < MEMORIES; i++)
    if (places[i].memory == memory) places[i].mapped = *out;
  return result;
}

VKAPI_ATTR void VKAPI_CALL fault_CmdFillBuffer(VkCommandBuffer commands, VkBuffer buffer, VkDeviceSize offset,
                                               VkDeviceSize size, uint32_t word) {
  filled.buffer = buffer;
  filled.middle = offset + size / 8 * 4;
  layer_device(commands)->CmdFillBuffer(commands, buffer, offset, size, word);
}

VKAPI_ATTR void VKAPI_CALL fault_CmdDispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
  dispatched = true;
  layer_device(commands)->CmdDispatch(commands, x, y, z);
}

/* A high bit of the mantissa of the word in the middle: outputs are filled with poison before each run. Handles are
 * used again, so the latest place counts. */
static void flip_bit(void) {
  for (size_t i = n_places; i-- > 0 && n_places - i <= MEMORIES;) {
    const struct place *place = &places[i % MEMORIES];
    if (place->buffer != filled.buffer) continue;
    if (place->mapped) place->mapped[place->offset + filled.middle + 2] ^= 0x40;
    return;
  }
}

/* ---- work */

VKAPI_ATTR VkResult VKAPI_CALL fault_CreateComputePipelines(VkDevice device, VkPipelineCache cache, uint32_t n,
                                                            const VkComputePipelineCreateInfo *create,
                                                            const VkAllocationCallbacks *allocator, VkPipeline *out) {
  if (strikes("pipeline")) {
    memset(out, 0, n * sizeof *out);
    return VK_ERROR_INITIALIZATION_FAILED;
  }
  VkResult result = layer_device(device)->CreateComputePipelines(device, cache, n, create, allocator, out);
  if (result == VK_SUCCESS && cache && faults_keeps()) faults_keep(create);
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL fault_QueueSubmit(VkQueue queue, uint32_t n, const VkSubmitInfo *submits,
                                                 VkFence fence) {
  static bool lost;
  lost = lost || strikes("lost") || (dispatched && (strikes("lost-work") || strikes("gone")));
  return lost ? VK_ERROR_DEVICE_LOST : layer_device(queue)->QueueSubmit(queue, n, submits, fence);
}

static void sleep_ns(uint64_t ns) {
  nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

VKAPI_ATTR VkResult VKAPI_CALL fault_WaitForFences(VkDevice device, uint32_t n, const VkFence *fences, VkBool32 all,
                                                   uint64_t timeout) {
  static const uint64_t delay = 10000000000;
  static bool never;
  never = never || (dispatched && strikes("fence"));
  bool late = strikes("late");
  if (late) sleep_ns(timeout < delay ? timeout : delay);
  if (never) sleep_ns(timeout);
  if (never || (late && timeout < delay)) return VK_TIMEOUT;
  VkResult result = layer_device(device)->WaitForFences(device, n, fences, all, timeout);
  if (result == VK_SUCCESS && dispatched) {
    counts.dispatch++;
    if (strikes("flip")) flip_bit();
  }
  dispatched = false;
  return result;
}

/* ---- time */

static uint64_t falsify(uint64_t tick, uint64_t origin) {
  unsigned long n;
  if (chosen("zero", &n) && events >= n) return 0;
  if (chosen("backwards", &n) && events >= n) return UINT64_MAX - tick;
  if (chosen("fast", &n) && events >= n) return tick + tick / 2;
  if (chosen("slow", &n) && events >= n) return tick / 3 * 2;
  if (chosen("wrap", &n)) return (tick - origin) & (((uint64_t)1 << n) - 1);
  return tick;
}

VKAPI_ATTR VkResult VKAPI_CALL fault_GetQueryPoolResults(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t n,
                                                         size_t bytes, void *data, VkDeviceSize stride,
                                                         VkQueryResultFlags flags) {
  static uint64_t origin;
  VkResult result =
      layer_device(device)->GetQueryPoolResults(device, pool, first, n, bytes, data, stride, flags);
  if (result != VK_SUCCESS || !(flags & VK_QUERY_RESULT_64_BIT)) return result;
  uint64_t tick[2];
  memcpy(&tick[0], data, sizeof tick[0]);
  memcpy(&tick[1], (char *)data + (n - 1) * stride, sizeof tick[1]);
  if (!origin) origin = tick[0] + (tick[1] - tick[0]) / 2;
  events += always("zero") || always("backwards") || always("fast") || always("slow");
  for (uint32_t i = 0; i < n; i++) {
    uint64_t one;
    memcpy(&one, (char *)data + i * stride, sizeof one);
    one = falsify(one, origin);
    memcpy((char *)data + i * stride, &one, sizeof one);
  }
  return result;
}
