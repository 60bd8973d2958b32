#include <inttypes.h>
#include <stdlib.h>

#include "vk_internal.h"

/* Descriptor sets of one run: equal dispatches share one, since a timed list repeats the same few. */
struct sets {
  VkDescriptorPool pool;
  VkDescriptorSet *of;   /* set of dispatch i */
};

static bool same_bindings(const struct gpu_dispatch *a, const struct gpu_dispatch *b) {
  if (a->pipeline != b->pipeline) return false;
  for (uint32_t i = 0; i < a->pipeline->bindings; i++)
    if (a->binding[i].buffer != b->binding[i].buffer || a->binding[i].offset != b->binding[i].offset ||
        a->binding[i].size != b->binding[i].size)
      return false;
  return true;
}

static uint64_t hash_bindings(const struct gpu_dispatch *d) {
  uint64_t hash = (uint64_t)(uintptr_t)d->pipeline;
  for (uint32_t i = 0; i < d->pipeline->bindings; i++) {
    hash = (hash ^ (uint64_t)(uintptr_t)d->binding[i].buffer) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ d->binding[i].offset ^ d->binding[i].size << 32) * 0x9e3779b97f4a7c15u;
  }
  return hash ^ hash >> 32;
}

/* first[i]: the earliest dispatch with the bindings of dispatch i, by open addressing in a table of twice the size. */
static bool find_equals(const struct gpu_dispatch *list, size_t n, size_t *first, struct error *err) {
  size_t slots = 16;
  while (slots < 2 * n) slots *= 2;
  size_t *table = calloc(slots, sizeof *table);   /* index + 1; 0: free */
  if (!table) return error_set(err, ERROR_MEMORY, "out of memory for a list of %zu dispatches", n);
  for (size_t i = 0; i < n; i++) {
    size_t slot = hash_bindings(&list[i]) & (slots - 1);
    while (table[slot] && !same_bindings(&list[table[slot] - 1], &list[i])) slot = (slot + 1) & (slots - 1);
    if (!table[slot]) table[slot] = i + 1;
    first[i] = table[slot] - 1;
  }
  free(table);
  return true;
}

static void write_set(struct gpu *gpu, VkDescriptorSet set, const struct gpu_dispatch *d) {
  VkDescriptorBufferInfo buffers[KERNEL_BINDINGS];
  for (uint32_t i = 0; i < d->pipeline->bindings; i++)
    buffers[i] = (VkDescriptorBufferInfo){d->binding[i].buffer->handle, d->binding[i].offset, d->binding[i].size};
  const VkWriteDescriptorSet write = {
    .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
    .dstSet = set,
    .descriptorCount = d->pipeline->bindings,
    .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
    .pBufferInfo = buffers,
  };
  if (write.descriptorCount) vkUpdateDescriptorSets(gpu->device, 1, &write, 0, NULL);
}

static void free_sets(struct gpu *gpu, struct sets *sets) {
  if (!gpu->stuck) vkDestroyDescriptorPool(gpu->device, sets->pool, NULL);
  free(sets->of);
}

static bool make_sets(struct gpu *gpu, const struct gpu_dispatch *list, size_t n, struct sets *sets,
                      struct error *err) {
  *sets = (struct sets){0};
  uint32_t unique = 0, descriptors = 0;
  size_t *first = malloc((n + 1) * sizeof *first);
  sets->of = malloc((n + 1) * sizeof *sets->of);
  if (!first || !sets->of) {
    error_set(err, ERROR_MEMORY, "out of memory for a list of %zu dispatches", n);
    goto error;
  }
  if (!find_equals(list, n, first, err)) goto error;
  for (size_t i = 0; i < n; i++)
    if (first[i] == i) {
      unique++;
      descriptors += list[i].pipeline->bindings;
    }
  const VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, descriptors ? descriptors : 1};
  const VkDescriptorPoolCreateInfo create = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
    .maxSets = unique ? unique : 1,
    .poolSizeCount = 1,
    .pPoolSizes = &size,
  };
  VK(vkCreateDescriptorPool(gpu->device, &create, NULL, &sets->pool));
  for (size_t i = 0; i < n; i++) {
    if (first[i] != i) {
      sets->of[i] = sets->of[first[i]];
      continue;
    }
    const VkDescriptorSetAllocateInfo allocate = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = sets->pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &list[i].pipeline->set_layout,
    };
    VK(vkAllocateDescriptorSets(gpu->device, &allocate, &sets->of[i]));
    write_set(gpu, sets->of[i], &list[i]);
  }
  free(first);
  return true;

error:
  free(first);
  free_sets(gpu, sets);
  return false;
}

static bool check_dispatch(const struct gpu *gpu, const struct gpu_dispatch *d, struct error *err) {
  const struct caps *caps = &gpu->physical.caps;
  for (int i = 0; i < 3; i++)
    if (d->groups[i] == 0 || d->groups[i] > caps->limits.group_count[i])
      return error_set(err, ERROR_UNSUPPORTED, "%s: %u workgroups in dimension %d, the device takes 1 to %u; split the "
                       "dispatch", d->pipeline->name, d->groups[i], i, caps->limits.group_count[i]);
  for (uint32_t i = 0; i < d->pipeline->bindings; i++) {
    uint64_t size = d->binding[i].size;
    if (size == 0 || size > caps->limits.storage_range)
      return error_set(err, ERROR_UNSUPPORTED, "%s: binding %u of %" PRIu64 " bytes, the device takes 1 to %" PRIu64
                       "; split it into windows", d->pipeline->name, i, size, caps->limits.storage_range);
    if (!memory_check_range(d->binding[i].buffer, d->binding[i].offset, size, 1, err) ||
        !memory_check_range(d->binding[i].buffer, d->binding[i].offset, 0, caps->limits.storage_align, err))
      return error_prefix(err, "%s, binding %u: ", d->pipeline->name, i);
  }
  return true;
}

static void record(struct gpu *gpu, const struct gpu_dispatch *list, const struct sets *sets, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const struct gpu_dispatch *d = &list[i];
    const struct gpu_pipeline *p = d->pipeline;
    if (i == 0 || list[i - 1].pipeline != p)
      vkCmdBindPipeline(gpu->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->handle);
    if (i == 0 || sets->of[i - 1] != sets->of[i])
      vkCmdBindDescriptorSets(gpu->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1, &sets->of[i], 0, NULL);
    if (p->push_bytes)
      vkCmdPushConstants(gpu->commands, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, p->push_bytes, d->push);
    vkCmdDispatch(gpu->commands, d->groups[0], d->groups[1], d->groups[2]);
    queue_barrier(gpu, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_WRITE_BIT,
                  VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
  }
}

bool gpu_run(struct gpu *gpu, const struct gpu_dispatch *list, size_t n, uint64_t timeout_ns, struct gpu_time *time,
             struct error *err) {
  struct sets sets;
  *time = (struct gpu_time){0};
  for (size_t i = 0; i < n; i++)
    if (!check_dispatch(gpu, &list[i], err)) return false;
  if (!gpu_usable(gpu, err) || !make_sets(gpu, list, n, &sets, err)) return false;

  bool ok = queue_begin(gpu, err);
  if (ok) {
    timer_begin(gpu);
    record(gpu, list, &sets, n);
    timer_end(gpu);
    ok = queue_finish(gpu, timeout_ns, &time->host_ns, err) && timer_read(gpu, time, err);
  }
  free_sets(gpu, &sets);
  return ok;
}
