#include "kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

const char *const kernel_mode_names[MODE_COUNT] = {"cold", "warm", "resident"};
const char *const fill_names[FILL_COUNT] = {"exact", "random", "extreme"};

struct pass *dispatch_plan_add(struct dispatch_plan *plan, struct error *err) {
  if (plan->n == plan->capacity) {
    size_t capacity = plan->capacity ? 2 * plan->capacity : 4;
    struct pass *grown = realloc(plan->pass, capacity * sizeof *grown);
    if (!grown) {
      error_set(err, ERROR_MEMORY, "out of memory for a plan of %zu dispatches", capacity);
      return NULL;
    }
    plan->pass = grown;
    plan->capacity = capacity;
  }
  struct pass *pass = &plan->pass[plan->n++];
  memset(pass, 0, sizeof *pass);
  return pass;
}

void dispatch_plan_free(struct dispatch_plan *plan) {
  free(plan->pass);
  memset(plan, 0, sizeof *plan);
}

void kernel_shape_text(const struct kernel_case *kase, char *out, size_t size) {
  size_t used = 0;
  if (size) out[0] = '\0';
  for (size_t d = 0; d < kase->family->n_dims && used < size; d++) {
    int wrote = snprintf(out + used, size - used, "%s%s%" PRId64, d ? "-" : "", kase->family->dims[d].token,
                         kase->dim[d]);
    if (wrote < 0) return;
    used += (size_t)wrote;
  }
}

void kernel_row_id(const struct kernel_case *kase, const struct variant *variant, char *out, size_t size) {
  char shape[160];
  kernel_shape_text(kase, shape, sizeof shape);
  const char *dot = strchr(variant->id, '.');
  snprintf(out, size, "%s/%s/%s/%s", kase->family->name, shape, dot ? dot + 1 : variant->id,
           kernel_mode_names[kase->mode]);
}

struct arithmetic arithmetic_of(const struct family *family, const struct variant *variant) {
  if (variant && variant->arithmetic) return *variant->arithmetic;
  return (struct arithmetic){family->reference, family->whole, family->compute_ceiling};
}

extern const struct spirv spirv_table[];
extern const size_t n_spirv_table;

const struct spirv *spirv_find(const char *name) {
  for (size_t i = 0; i < n_spirv_table; i++)
    if (strcmp(spirv_table[i].name, name) == 0) return &spirv_table[i];
  return NULL;
}

bool spirv_sha256(char out[65], struct error *err) {
  size_t bytes = 0;
  for (size_t i = 0; i < n_spirv_table; i++) bytes += spirv_table[i].bytes;
  unsigned char *all = malloc(bytes ? bytes : 1);
  if (!all) return error_set(err, ERROR_MEMORY, "out of memory hashing %zu bytes of shaders", bytes);
  size_t at = 0;
  for (size_t i = 0; i < n_spirv_table; i++) {
    if (spirv_table[i].bytes) memcpy(all + at, spirv_table[i].words, spirv_table[i].bytes);
    at += spirv_table[i].bytes;
  }
  sha256_hex(all, bytes, out);
  free(all);
  return true;
}
