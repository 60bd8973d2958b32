#include "dataset.h"

#include <stdlib.h>
#include <string.h>

static bool find_output(struct dataset *set, struct error *err) {
  size_t outputs = 0;
  for (size_t i = 0; i < set->tensors.n; i++)
    if (set->tensors.tensor[i].role == TENSOR_OUTPUT) {
      set->output = i;
      outputs++;
    }
  return outputs == 1 ||
         error_set(err, ERROR_UNSUPPORTED, "%s has %zu outputs; there must be one", set->technique->id, outputs);
}

static bool allocate(struct dataset *set, struct error *err) {
  for (size_t i = 0; i < set->tensors.n; i++) {
    const struct tensor *tensor = &set->tensors.tensor[i];
    if (tensor->role == TENSOR_OUTPUT) continue;
    /* Zeroed: a family may leave padding alone, and the same seed must give the same bytes. */
    set->data[i] = calloc(tensor->bytes / 4 + 1, 4);
    if (!set->data[i])
      return error_set(err, ERROR_MEMORY, "out of host memory for %llu bytes of %s", (unsigned long long)tensor->bytes,
                       tensor->name);
  }
  return true;
}

struct dataset *dataset_create(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                               uint64_t seed, struct error *err) {
  struct dataset *set = calloc(1, sizeof *set);
  if (!set) {
    error_set(err, ERROR_MEMORY, "out of memory");
    return NULL;
  }
  *set = (struct dataset){.kase = *kase, .technique = technique, .fill = fill, .seed = seed};
  if (!kase->family->tensors(kase, technique, &set->tensors, err) || !find_output(set, err) || !allocate(set, err)) {
    dataset_free(set);
    return NULL;
  }
  kase->family->fill(kase, technique, fill, seed, set->data);
  return set;
}

void dataset_free(struct dataset *set) {
  if (!set) return;
  for (size_t i = 0; i < set->tensors.n; i++) free(set->data[i]);
  free(set);
}

bool dataset_is(const struct dataset *set, const struct kernel_case *kase, const struct technique *technique,
                enum fill fill, uint64_t seed) {
  return set && set->technique == technique && set->fill == fill && set->seed == seed &&
         set->kase.family == kase->family && memcmp(set->kase.dim, kase->dim, sizeof kase->dim) == 0;
}
