#include "caps.h"

#include <stddef.h>
#include <string.h>

const char *const feature_names[FEATURE_COUNT] = {
  "subgroup_basic", "subgroup_arithmetic", "subgroup_shuffle", "subgroup_ballot", "subgroup_clustered",
  "storage_16bit", "storage_8bit", "float16", "int8", "int16", "int64", "int_dot", "int_dot_fast",
  "subgroup_size_control", "buffer_address", "vulkan_memory_model", "cooperative_matrix", "memory_budget",
  "executable_properties", "creation_feedback",
};

const char *const device_type_names[DEVICE_TYPES] = {"discrete", "integrated", "virtual", "cpu", "other"};

uint64_t caps_memory(const struct caps *caps) {
  uint64_t bytes = 0, size = 0;
  for (uint32_t h = 0; h < caps->n_heaps && h < CAPS_HEAPS; h++)
    if (caps->heap[h].device_local && caps->heap[h].size > size) {
      size = caps->heap[h].size;
      bytes = caps->heap[h].budget && caps->heap[h].budget < size ? caps->heap[h].budget : size;
    }
  return bytes;
}

static void lower(uint64_t *limit, struct limit_trial *trial) {
  bool lowers = trial->worked && trial->failed && trial->worked < *limit;
  trial->claimed = lowers ? *limit : 0;
  if (lowers) *limit = trial->worked;
}

void caps_take_trial(struct caps *caps, const struct tried_limits *tried) {
  caps->tried = *tried;
  lower(&caps->limits.allocation, &caps->tried.allocation);
  lower(&caps->limits.storage_range, &caps->tried.storage_range);
}

const char *const memory_access_names[MEMORY_ACCESSES] = {"separate", "window", "rebar", "unified"};

static bool all_local(const struct caps *caps) {
  for (uint32_t h = 0; h < caps->n_heaps; h++)
    if (!caps->heap[h].device_local) return false;
  return caps->n_heaps > 0;
}

enum memory_access caps_memory_access(const struct caps *caps) {
  uint64_t local = 0, mapped = 0;
  for (uint32_t h = 0; h < caps->n_heaps; h++) {
    if (!caps->heap[h].device_local) continue;
    if (caps->heap[h].size > local) local = caps->heap[h].size;
    if (caps->heap[h].mappable && caps->heap[h].size > mapped) mapped = caps->heap[h].size;
  }
  if (!mapped) return MEMORY_SEPARATE;
  if (caps->type == DEVICE_INTEGRATED || caps->type == DEVICE_CPU || all_local(caps)) return MEMORY_UNIFIED;
  return mapped == local ? MEMORY_REBAR : MEMORY_WINDOW;
}

struct named { uint32_t value; const char *name; };

static const struct named components[] = {
  {COMPONENT_F16, "f16"}, {COMPONENT_F32, "f32"}, {COMPONENT_F64, "f64"}, {COMPONENT_I8, "i8"}, {COMPONENT_I16, "i16"},
  {COMPONENT_I32, "i32"}, {COMPONENT_I64, "i64"}, {COMPONENT_U8, "u8"}, {COMPONENT_U16, "u16"}, {COMPONENT_U32, "u32"},
  {COMPONENT_U64, "u64"}, {COMPONENT_BF16, "bf16"}, {COMPONENT_F8E4M3, "f8e4m3"}, {COMPONENT_F8E5M2, "f8e5m2"},
};
static const struct named scopes[] = {
  {SCOPE_DEVICE, "device"}, {SCOPE_WORKGROUP, "workgroup"}, {SCOPE_SUBGROUP, "subgroup"},
  {SCOPE_QUEUE_FAMILY, "queue_family"},
};

static const char *name_of(const struct named *list, size_t n, uint32_t value) {
  for (size_t i = 0; i < n; i++)
    if (list[i].value == value) return list[i].name;
  return NULL;
}

static bool value_of(const struct named *list, size_t n, const char *name, uint32_t *value) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i].name, name) == 0) {
      *value = list[i].value;
      return true;
    }
  return false;
}

#define LIST(list) list, sizeof list / sizeof list[0]
const char *component_name(uint32_t value) { return name_of(LIST(components), value); }
bool component_find(const char *name, uint32_t *value) { return value_of(LIST(components), name, value); }
const char *coopmat_scope_name(uint32_t value) { return name_of(LIST(scopes), value); }
bool coopmat_scope_find(const char *name, uint32_t *value) { return value_of(LIST(scopes), name, value); }

static uint64_t products(const struct coopmat *entry) { return (uint64_t)entry->m * entry->n * entry->k; }

const struct coopmat *caps_coopmat(const struct caps *caps, enum component inputs, enum component sums) {
  const struct coopmat *best = NULL;
  for (uint32_t i = 0; i < caps->n_coopmats; i++) {
    const struct coopmat *entry = &caps->coopmat[i];
    if (entry->a != inputs || entry->b != inputs || entry->c != sums || entry->result != sums ||
        entry->scope != SCOPE_SUBGROUP || entry->saturating)
      continue;
    if (!best || products(entry) > products(best)) best = entry;
  }
  return best;
}
