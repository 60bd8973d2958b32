#include "pipelines.h"

#include <stdlib.h>
#include <string.h>

struct entry {
  const struct spirv *spirv;
  uint32_t spec[KERNEL_SPEC], n_spec, bindings, push_bytes;
  struct gpu_pipeline *pipeline;
  struct compile_time time;
};

struct pipelines {
  struct gpu *gpu;
  struct entry *entries;
  size_t n, capacity;
};

struct pipelines *pipelines_create(struct gpu *gpu, struct error *err) {
  struct pipelines *table = calloc(1, sizeof *table);
  if (!table) {
    error_set(err, ERROR_MEMORY, "out of memory");
    return NULL;
  }
  table->gpu = gpu;
  return table;
}

void pipelines_destroy(struct pipelines *table) {
  if (!table) return;
  for (size_t i = 0; i < table->n; i++) gpu_pipeline_destroy(table->gpu, table->entries[i].pipeline);
  free(table->entries);
  free(table);
}

size_t pipelines_made(const struct pipelines *table) { return table->n; }

static bool same(const struct entry *entry, const struct spirv *spirv, const struct pass *pass) {
  return entry->spirv == spirv && entry->bindings == pass->n_bindings && entry->push_bytes == pass->push_bytes &&
         entry->n_spec == pass->n_spec && memcmp(entry->spec, pass->spec, pass->n_spec * sizeof pass->spec[0]) == 0;
}

static struct entry *reserve(struct pipelines *table, struct error *err) {
  if (table->n == table->capacity) {
    size_t wanted = table->capacity ? 2 * table->capacity : 32;
    struct entry *grown = realloc(table->entries, wanted * sizeof *grown);
    if (!grown) {
      error_set(err, ERROR_MEMORY, "out of memory for %zu pipelines", wanted);
      return NULL;
    }
    table->entries = grown;
    table->capacity = wanted;
  }
  return &table->entries[table->n];
}

struct gpu_pipeline *pipelines_get(struct pipelines *table, const struct variant *variant, const struct pass *pass,
                                   struct compile_time *time, bool *fresh, struct error *err) {
  const char *name = pass->shader < KERNEL_SHADERS ? variant->shaders[pass->shader] : NULL;
  const struct spirv *spirv = name ? spirv_find(name) : NULL;
  if (!spirv || !spirv->words) {
    error_set(err, ERROR_UNSUPPORTED, "%s: shader '%s' is not built", variant->id, name ? name : "?");
    return NULL;
  }
  for (size_t i = 0; i < table->n; i++)
    if (same(&table->entries[i], spirv, pass)) {
      codegen_add_time(time, table->entries[i].time);
      return table->entries[i].pipeline;
    }
  struct entry *entry = reserve(table, err);
  if (!entry) return NULL;
  *entry = (struct entry){spirv, {0}, pass->n_spec, pass->n_bindings, pass->push_bytes, NULL, {0}};
  memcpy(entry->spec, pass->spec, sizeof entry->spec);
  entry->pipeline = gpu_pipeline_create(table->gpu, spirv, pass->n_bindings, pass->push_bytes, pass->spec, pass->n_spec,
                                        &entry->time, err);
  if (!entry->pipeline) return NULL;
  codegen_add_time(time, entry->time);
  *fresh = true;
  table->n++;
  return entry->pipeline;
}
