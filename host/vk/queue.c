#include "platform.h"
#include "vk_internal.h"

void queue_barrier(struct gpu *gpu, VkPipelineStageFlags from, VkAccessFlags writes, VkPipelineStageFlags to,
                   VkAccessFlags accesses) {
  const VkMemoryBarrier memory = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = writes,
    .dstAccessMask = accesses,
  };
  vkCmdPipelineBarrier(gpu->commands, from, to, 0, 1, &memory, 0, NULL, 0, NULL);
}

enum { WORK_STAGES = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
       WORK_WRITES = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
       WORK_READS = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT };

bool queue_begin(struct gpu *gpu, struct error *err) {
  if (!gpu_usable(gpu, err) || !device_prepare(gpu, err)) return false;
  VK(vkResetCommandPool(gpu->device, gpu->pool, 0));
  const VkCommandBufferBeginInfo begin = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
  };
  VK(vkBeginCommandBuffer(gpu->commands, &begin));
  queue_barrier(gpu, WORK_STAGES, WORK_WRITES, WORK_STAGES, WORK_READS | WORK_WRITES);
  return true;

error:
  return false;
}

bool queue_finish(struct gpu *gpu, uint64_t timeout_ns, uint64_t *host_ns, struct error *err) {
  VkResult waited;
  queue_barrier(gpu, WORK_STAGES, WORK_WRITES, VK_PIPELINE_STAGE_HOST_BIT,
                VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT);
  VK(vkEndCommandBuffer(gpu->commands));
  VK(vkResetFences(gpu->device, 1, &gpu->fence));
  const VkSubmitInfo submit = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = 1,
    .pCommandBuffers = &gpu->commands,
  };
  uint64_t start = platform_clock_ns();
  VK(vkQueueSubmit(gpu->queue, 1, &submit, gpu->fence));
  waited = vkWaitForFences(gpu->device, 1, &gpu->fence, VK_TRUE, timeout_ns);
  if (host_ns) *host_ns = platform_clock_ns() - start;
  gpu->lost = waited != VK_SUCCESS;
  gpu->stuck = gpu->lost && waited != VK_ERROR_DEVICE_LOST;
  if (waited == VK_TIMEOUT)
    return error_set(err, ERROR_TIMEOUT, "%s had not finished after %.3g s; the device must be opened anew",
                     gpu->physical.caps.name, (double)timeout_ns * 1e-9);
  VK(waited);
  return true;

error:
  gpu->lost = gpu->lost || err->kind == ERROR_LOST;
  return false;
}
