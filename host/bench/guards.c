/* The memory side of an execution: loading data between guards, poisoning, reading back, finding stray writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execute.h"

static const uint32_t OUTPUT_GUARD = 0x5a17c3e9; /* what no kernel writes by chance, and no NaN: a copied one shows */

static uint32_t guard_word(enum tensor_role role) {
  return role == TENSOR_STREAM || role == TENSOR_INPUT ? (uint32_t)KERNEL_POISON : OUTPUT_GUARD;
}

static bool writable(enum tensor_role role) { return role == TENSOR_OUTPUT || role == TENSOR_SCRATCH; }

/* From the end of the tensor to the end of its place: the guard and the padding. */
static uint64_t tail_bytes(const struct execution *ex, size_t t) {
  return ex->place[t].bytes - KERNEL_GUARD - ex->tensors.tensor[t].bytes;
}

static bool load_tensor(struct execution *ex, size_t t, const void *data, struct error *err) {
  const struct tensor *tensor = &ex->tensors.tensor[t];
  struct gpu_buffer *buffer = ex->place[t].buffer;
  uint64_t at = ex->place[t].offset;
  return gpu_fill(ex->gpu, buffer, at, KERNEL_GUARD, guard_word(tensor->role), err) &&
         gpu_fill(ex->gpu, buffer, at + KERNEL_GUARD + tensor->bytes, tail_bytes(ex, t), guard_word(tensor->role),
                  err) &&
         (!data || gpu_upload(ex->gpu, buffer, at + KERNEL_GUARD, data, tensor->bytes, err));
}

/* Doubles what is there until all copies are: a few large copies instead of many small ones. */
static bool spread_copies(struct gpu *gpu, struct arena *arena, struct error *err) {
  for (uint64_t have = 1; arena->buffer && have < arena->copies;) {
    uint64_t more = have < arena->copies - have ? have : arena->copies - have;
    if (!gpu_copy(gpu, arena->buffer, have * arena->stride, arena->buffer, 0, more * arena->stride, NULL, err))
      return false;
    have += more;
  }
  arena->loaded = true;
  return true;
}

bool execution_load(struct execution *ex, const struct dataset *set, struct error *err) {
  for (size_t t = 0; t < ex->tensors.n; t++) {
    bool there = ex->arena->loaded && ex->tensors.tensor[t].role == TENSOR_STREAM;
    if (!there && !load_tensor(ex, t, t < ex->n_given ? set->data[t] : NULL, err)) return false;
  }
  return (ex->arena->loaded || spread_copies(ex->gpu, ex->arena, err)) && execution_poison(ex, err);
}

bool execution_poison(struct execution *ex, struct error *err) {
  for (size_t t = 0; t < ex->tensors.n; t++)
    if (writable(ex->tensors.tensor[t].role) &&
        !gpu_fill(ex->gpu, ex->place[t].buffer, ex->place[t].offset + KERNEL_GUARD, ex->tensors.tensor[t].bytes,
                  KERNEL_POISON, err))
      return false;
  return true;
}

bool execution_output(struct execution *ex, float *out, struct error *err) {
  return gpu_download(ex->gpu, ex->place[ex->output].buffer, ex->place[ex->output].offset + KERNEL_GUARD, out,
                      ex->tensors.tensor[ex->output].bytes, err);
}

/* The first word in [at, at + bytes) that differs from `word`; bytes when none does. */
static bool find_stray(struct execution *ex, size_t t, uint64_t at, uint64_t bytes, uint32_t word, uint64_t *found,
                       struct error *err) {
  uint32_t words[(KERNEL_GUARD + PLACE_ALIGN) / 4];
  if (!gpu_download(ex->gpu, ex->place[t].buffer, ex->place[t].offset + at, words, bytes, err)) return false;
  for (*found = 0; *found < bytes && words[*found / 4] == word;) *found += 4;
  return true;
}

static bool check_guards(struct execution *ex, size_t t, char *what, size_t size, bool *intact, struct error *err) {
  const struct tensor *tensor = &ex->tensors.tensor[t];
  uint32_t word = guard_word(tensor->role);
  uint64_t found, tail = tail_bytes(ex, t);
  if (!find_stray(ex, t, 0, KERNEL_GUARD, word, &found, err)) return false;
  if (found < KERNEL_GUARD) {
    snprintf(what, size, "wrote before %s, %llu bytes ahead of it", tensor->name,
             (unsigned long long)(KERNEL_GUARD - found));
    *intact = false;
    return true;
  }
  if (!find_stray(ex, t, KERNEL_GUARD + tensor->bytes, tail, word, &found, err)) return false;
  if (found < tail) {
    snprintf(what, size, "wrote past the end of %s, %llu bytes behind it", tensor->name, (unsigned long long)found);
    *intact = false;
  }
  return true;
}

static bool check_input(struct execution *ex, size_t t, const void *data, char *what, size_t size, bool *intact,
                        struct error *err) {
  const struct tensor *tensor = &ex->tensors.tensor[t];
  void *now = malloc(tensor->bytes);
  if (!now) return error_set(err, ERROR_MEMORY, "out of host memory for %llu bytes", (unsigned long long)tensor->bytes);
  bool ok = gpu_download(ex->gpu, ex->place[t].buffer, ex->place[t].offset + KERNEL_GUARD, now, tensor->bytes, err);
  if (ok && memcmp(now, data, tensor->bytes) != 0) {
    snprintf(what, size, "wrote into its input %s", tensor->name);
    *intact = false;
  }
  free(now);
  return ok;
}

bool execution_guards(struct execution *ex, const struct dataset *inputs, char *what, size_t size, bool *intact,
                      struct error *err) {
  *intact = true;
  for (size_t t = 0; *intact && t < ex->tensors.n; t++) {
    if (!check_guards(ex, t, what, size, intact, err)) return false;
    if (inputs && *intact && !writable(ex->tensors.tensor[t].role) &&
        !check_input(ex, t, inputs->data[t], what, size, intact, err))
      return false;
  }
  return true;
}
