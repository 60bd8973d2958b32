#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vk_internal.h"

/* Transfers pass through one buffer of this size: at 10 GB/s a part takes 1.6 ms, beside which its submission
 * (10 to 46 us measured) is nothing. */
static const uint64_t staging_bytes = 16 << 20;
/* A tenth of the speed of the slowest device measured, which copies 0.7 GB/s. */
static const uint64_t slowest_ns_per_byte = 15;

static uint64_t transfer_timeout_ns(uint64_t bytes) { return gpu_patience_ns + bytes * slowest_ns_per_byte; }

static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

enum {
  LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
  VISIBLE = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
  CACHED = VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
  /* Types that need features which are not enabled, or that hold nothing. */
  UNUSABLE = VK_MEMORY_PROPERTY_PROTECTED_BIT | VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |
             VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD | VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD |
             VK_MEMORY_PROPERTY_RDMA_CAPABLE_BIT_NV,
};
struct preference { VkMemoryPropertyFlags wanted, avoided; };

/* Where device and host have memories of their own, kernels read fastest from memory that the host cannot see;
 * where they share one, mapping it saves the copy. Ended by an entry that takes anything. */
static const struct preference separate[] = {{LOCAL, VISIBLE}, {LOCAL, 0}, {0, 0}};
static const struct preference shared[] = {{LOCAL | VISIBLE | CACHED, 0}, {LOCAL | VISIBLE, 0}, {VISIBLE, 0}, {0, 0}};
static const struct preference staging[] = {{VISIBLE | CACHED, 0}, {VISIBLE, 0}, {0, 0}};

static bool host_shares_memory(const struct gpu *gpu) {
  enum device_type type = gpu->physical.caps.type;
  return (type == DEVICE_CPU || type == DEVICE_INTEGRATED) && !gpu->staging_only;
}

static uint32_t choose_type(const struct gpu *gpu, uint32_t allowed, const struct preference *preference) {
  for (;; preference++) {
    for (uint32_t i = 0; i < gpu->memory.memoryTypeCount; i++) {
      VkMemoryPropertyFlags flags = gpu->memory.memoryTypes[i].propertyFlags;
      if ((allowed >> i & 1) && (flags & preference->wanted) == preference->wanted &&
          !(flags & (preference->avoided | UNUSABLE)))
        return i;
    }
    if (!preference->wanted) return UINT32_MAX;
  }
}

static bool allocate(struct gpu *gpu, struct gpu_buffer *buffer, const struct preference *preference,
                     struct error *err) {
  VkMemoryRequirements needs;
  vkGetBufferMemoryRequirements(gpu->device, buffer->handle, &needs);
  uint32_t type = choose_type(gpu, needs.memoryTypeBits, preference);
  if (type == UINT32_MAX)
    return error_set(err, ERROR_UNSUPPORTED,
                     "%s has no memory for storage buffers; update its driver, or, where it has no hardware and only "
                     "compiles, ask `vkpareto codegen`",
                     gpu->physical.caps.name);
  const VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .allocationSize = needs.size,
    .memoryTypeIndex = type,
  };
  VK(vkAllocateMemory(gpu->device, &info, NULL, &buffer->memory));
  VK(vkBindBufferMemory(gpu->device, buffer->handle, buffer->memory, 0));
  VkMemoryPropertyFlags flags = gpu->memory.memoryTypes[type].propertyFlags;
  if (preference != separate && (flags & VISIBLE) == VISIBLE)
    VK(vkMapMemory(gpu->device, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->mapped));
  return true;

error:
  return false;
}

static void destroy(struct gpu *gpu, struct gpu_buffer *buffer) {
  if (!gpu->stuck) {
    vkDestroyBuffer(gpu->device, buffer->handle, NULL);
    vkFreeMemory(gpu->device, buffer->memory, NULL);
  }
  free(buffer);
}

static struct gpu_buffer *create(struct gpu *gpu, uint64_t bytes, const struct preference *preference,
                                 struct error *err) {
  struct gpu_buffer *buffer = calloc(1, sizeof *buffer);
  if (!buffer) {
    error_set(err, ERROR_MEMORY, "out of memory for a buffer's record");
    return NULL;
  }
  buffer->bytes = bytes;
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = bytes,
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
  };
  VK(vkCreateBuffer(gpu->device, &info, NULL, &buffer->handle));
  if (!allocate(gpu, buffer, preference, err)) goto error;
  return buffer;

error:
  error_prefix(err, "buffer of %" PRIu64 " bytes: ", bytes);
  destroy(gpu, buffer);
  return NULL;
}

static struct gpu_buffer *create_counted(struct gpu *gpu, uint64_t bytes, const struct preference *preference,
                                         struct error *err) {
  if (!gpu_usable(gpu, err)) return NULL;
  uint64_t most = gpu->physical.caps.limits.allocation;
  if (bytes == 0 || bytes > most) {
    error_set(err, ERROR_MEMORY, "a buffer of %" PRIu64 " bytes was asked for, %s takes 1 to %" PRIu64 "; split it",
              bytes, gpu->physical.caps.name, most);
    return NULL;
  }
  struct gpu_buffer *buffer = create(gpu, bytes, preference, err);
  if (!buffer) return NULL;
  gpu->memory_used += bytes;
  return buffer;
}

struct gpu_buffer *gpu_buffer_create(struct gpu *gpu, uint64_t bytes, struct error *err) {
  return create_counted(gpu, bytes, host_shares_memory(gpu) ? shared : separate, err);
}

struct gpu_buffer *gpu_buffer_create_host(struct gpu *gpu, uint64_t bytes, struct error *err) {
  return create_counted(gpu, bytes, staging, err);
}

void gpu_buffer_destroy(struct gpu *gpu, struct gpu_buffer *buffer) {
  if (!buffer) return;
  gpu->memory_used -= buffer->bytes;
  destroy(gpu, buffer);
}

uint64_t gpu_memory_used(const struct gpu *gpu) { return gpu->memory_used; }

bool memory_check_range(const struct gpu_buffer *buffer, uint64_t offset, uint64_t bytes, uint64_t multiple,
                        struct error *err) {
  if (offset > buffer->bytes || bytes > buffer->bytes - offset)
    return error_set(err, ERROR_INPUT, "%" PRIu64 " bytes from offset %" PRIu64 " do not lie in a buffer of %" PRIu64,
                     bytes, offset, buffer->bytes);
  if (offset % multiple || bytes % multiple)
    return error_set(err, ERROR_INPUT, "offset %" PRIu64 " and size %" PRIu64 " must be multiples of %" PRIu64, offset,
                     bytes, multiple);
  return true;
}

static bool have_staging(struct gpu *gpu, struct error *err) {
  if (!gpu->staging) gpu->staging = create(gpu, staging_bytes, staging, err);
  return gpu->staging != NULL;
}

void memory_close(struct gpu *gpu) {
  if (gpu->staging) destroy(gpu, gpu->staging);
  gpu->staging = NULL;
}

static bool copy(struct gpu *gpu, struct gpu_buffer *to, uint64_t to_offset, struct gpu_buffer *from,
                 uint64_t from_offset, uint64_t bytes, struct gpu_time *time, struct error *err) {
  if (!queue_begin(gpu, err)) return false;
  const VkBufferCopy region = {from_offset, to_offset, bytes};
  if (time) timer_begin(gpu);
  vkCmdCopyBuffer(gpu->commands, from->handle, to->handle, 1, &region);
  if (time) timer_end(gpu);
  return queue_finish(gpu, transfer_timeout_ns(bytes), time ? &time->host_ns : NULL, err)
      && (!time || timer_read(gpu, time, err));
}

bool gpu_upload(struct gpu *gpu, struct gpu_buffer *buffer, uint64_t offset, const void *data, uint64_t bytes,
                struct error *err) {
  if (!gpu_usable(gpu, err) || !memory_check_range(buffer, offset, bytes, 1, err)) return false;
  if (buffer->mapped) {
    memcpy((char *)buffer->mapped + offset, data, bytes);
    return true;
  }
  if (!have_staging(gpu, err)) return false;
  for (uint64_t done = 0, part; done < bytes; done += part) {
    part = min_u64(bytes - done, staging_bytes);
    memcpy(gpu->staging->mapped, (const char *)data + done, part);
    if (!copy(gpu, buffer, offset + done, gpu->staging, 0, part, NULL, err)) return false;
  }
  return true;
}

bool gpu_download(struct gpu *gpu, struct gpu_buffer *buffer, uint64_t offset, void *data, uint64_t bytes,
                  struct error *err) {
  if (!gpu_usable(gpu, err) || !memory_check_range(buffer, offset, bytes, 1, err)) return false;
  if (buffer->mapped) {
    memcpy(data, (const char *)buffer->mapped + offset, bytes);
    return true;
  }
  if (!have_staging(gpu, err)) return false;
  for (uint64_t done = 0, part; done < bytes; done += part) {
    part = min_u64(bytes - done, staging_bytes);
    if (!copy(gpu, gpu->staging, 0, buffer, offset + done, part, NULL, err)) return false;
    memcpy((char *)data + done, gpu->staging->mapped, part);
  }
  return true;
}

bool gpu_fill(struct gpu *gpu, struct gpu_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word,
              struct error *err) {
  if (!memory_check_range(buffer, offset, bytes, 4, err)) return false;
  if (bytes == 0) return gpu_usable(gpu, err);
  if (!queue_begin(gpu, err)) return false;
  vkCmdFillBuffer(gpu->commands, buffer->handle, offset, bytes, word);
  return queue_finish(gpu, transfer_timeout_ns(bytes), NULL, err);
}

bool gpu_copy(struct gpu *gpu, struct gpu_buffer *to, uint64_t to_offset, struct gpu_buffer *from, uint64_t from_offset,
              uint64_t bytes, struct gpu_time *time, struct error *err) {
  if (time) *time = (struct gpu_time){0};
  if (!memory_check_range(to, to_offset, bytes, 1, err) || !memory_check_range(from, from_offset, bytes, 1, err))
    return false;
  if (to == from && to_offset < from_offset + bytes && from_offset < to_offset + bytes)
    return error_set(err, ERROR_INPUT, "a copy of %" PRIu64 " bytes onto itself", bytes);
  if (bytes == 0) return gpu_usable(gpu, err);
  return copy(gpu, to, to_offset, from, from_offset, bytes, time, err);
}
