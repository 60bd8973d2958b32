#include "plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "text.h"

/* Keeps a reason for the plan's lifetime; equal ones once. NULL when memory runs out. */
__attribute__((format(printf, 3, 4)))
static const char *keep(struct plan *plan, struct error *err, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  for (size_t i = 0; i < plan->n_texts; i++)
    if (strcmp(plan->texts[i], text) == 0) return plan->texts[i];
  char **grown = realloc(plan->texts, (plan->n_texts + 1) * sizeof *grown);
  if (grown) plan->texts = grown;
  char *copy = grown ? strdup(text) : NULL;
  if (!copy) {
    error_set(err, ERROR_MEMORY, "out of memory for the plan");
    return NULL;
  }
  return plan->texts[plan->n_texts++] = copy;
}

static const char *missing_module(const struct variant *variant) {
  for (size_t s = 0; s < KERNEL_SHADERS && variant->shaders[s]; s++) {
    const struct spirv *spirv = spirv_find(variant->shaders[s]);
    if (!spirv) return "the build has no such shader";
    if (!spirv->words) return spirv->reason;
  }
  return NULL;
}

static void missing_features(uint64_t missing, char *out, size_t size) {
  size_t used = (size_t)snprintf(out, size, "the device lacks");
  const char *comma = " ";
  for (int f = 0; f < FEATURE_COUNT && used < size; f++)
    if (missing & (1u << f)) {
      used += (size_t)snprintf(out + used, size - used, "%s%s", comma, feature_names[f]);
      comma = ", ";
    }
}

bool plan_next_tuning(const struct variant *variant, size_t *at) {
  for (size_t t = variant->n_tunables; t-- > 0;) {
    if (++at[t] < variant->tunables[t].n) return true;
    at[t] = 0;
  }
  return false;
}

const char *plan_take_tuning(const struct variant *variant, const size_t *at, const struct kernel_case *kase,
                             const struct caps *caps, int32_t *tuning) {
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[at[t]];
  return variant->valid ? variant->valid(kase, caps, tuning) : NULL;
}

const char *plan_tuning(const struct variant *variant, const struct kernel_case *kase, const struct caps *caps,
                        int32_t *tuning) {
  size_t at[KERNEL_TUNABLES] = {0};
  const char *first_reason = NULL;
  do {
    const char *reason = plan_take_tuning(variant, at, kase, caps, tuning);
    if (!reason) return NULL;
    if (!first_reason) first_reason = reason;
  } while (plan_next_tuning(variant, at));
  for (size_t t = 0; t < variant->n_tunables; t++) tuning[t] = variant->tunables[t].values[0];
  return first_reason;
}

const char *plan_proof_tuning(const struct variant *variant, const struct caps *caps, int32_t *tuning) {
  const struct family *family = family_of_technique(variant->technique);
  const char *first_reason = NULL;
  for (size_t s = 0; family->proof_shapes[s][0] != 0; s++) {
    struct kernel_case kase = {.family = family, .mode = MODE_WARM};
    memcpy(kase.dim, family->proof_shapes[s], sizeof kase.dim);
    const char *reason = plan_tuning(variant, &kase, caps, tuning);
    if (!reason) return NULL;
    if (!first_reason) first_reason = reason;
  }
  return first_reason ? first_reason : "its family has no proof shapes";
}

bool plan_is_asked_for(const struct variant *variant, const char *filter) {
  return !filter || text_glob(filter, variant->id);
}

bool plan_check_filter(const char *filter, struct error *err) {
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++)
      if (plan_is_asked_for(&families[f]->variants[v], filter)) return true;
  return error_set(err, ERROR_USAGE, "no variant matches the filter '%.200s'; `vkpareto list variants` shows them",
                   filter);
}

bool plan_runnable(const struct variant *variant, const struct caps *caps, enum status *status, char *reason,
                   size_t size) {
  const char *module = missing_module(variant);
  uint64_t missing = variant->requires & ~caps->features;
  *status = module ? STATUS_NOT_BUILT : missing ? STATUS_UNSUPPORTED : STATUS_OK;
  if (module) snprintf(reason, size, "%s", module);
  else if (missing) missing_features(missing, reason, size);
  return *status == STATUS_OK;
}

/* Bytes on the device with guards round every tensor, and the largest single allocation: what streams lies in one. */
static bool plan_memory(const struct tensor_list *list, const struct dispatch_plan *dispatches, uint64_t *all,
                        uint64_t *largest) {
  uint64_t stream = 0;
  *all = *largest = 0;
  for (size_t i = 0; i < list->n + dispatches->n_scratch; i++) {
    bool given = i < list->n;
    uint64_t bytes = given ? list->tensor[i].bytes : dispatches->scratch[i - list->n];
    uint64_t *group = given && list->tensor[i].role == TENSOR_STREAM ? &stream : NULL;
    if (__builtin_add_overflow(bytes, 2 * KERNEL_GUARD, &bytes) || __builtin_add_overflow(*all, bytes, all))
      return false;
    if (group) *group += bytes;   /* a part of *all: cannot overflow where that did not */
    if (bytes > *largest) *largest = bytes;
  }
  if (stream > *largest) *largest = stream;
  return true;
}

/* Does the case fit the device under this variant? Sets the row's status and reason where not; false: out of memory
 * here. */
static bool check_fit(struct plan *plan, struct plan_row *row, const struct caps *caps, struct error *err) {
  struct tensor_list list = {0};
  struct dispatch_plan dispatches = {0};
  struct error why = {0};
  uint64_t all, largest, heap = caps_memory(caps);
  row->status = STATUS_UNSUPPORTED;
  if (!row->kase.family->tensors(&row->kase, row->technique, &list, &why) ||
      !row->variant->plan(row->variant, &row->kase, caps, row->tuning, 1, &dispatches, &why)) {
    row->reason = keep(plan, err, "%s", why.text);
  } else if (!plan_memory(&list, &dispatches, &all, &largest) || (heap && all > heap)) {
    char need[32], have[32];
    text_bytes((double)all, need, sizeof need);
    text_bytes((double)heap, have, sizeof have);
    row->status = STATUS_SKIPPED;
    row->reason = keep(plan, err, "needs %s, the device has %s", need, have);
  } else if (caps->limits.allocation && largest > caps->limits.allocation) {
    char need[32], have[32];
    text_bytes((double)largest, need, sizeof need);
    text_bytes((double)caps->limits.allocation, have, sizeof have);
    row->status = STATUS_SKIPPED;
    row->reason = keep(plan, err, "needs %s in one allocation, the %s %s", need,
                       caps->tried.allocation.claimed ? "device gives" : "driver allows", have);
  } else {
    row->status = STATUS_OK;
  }
  dispatch_plan_free(&dispatches);
  return row->status == STATUS_OK || row->reason;
}

static bool decide(struct plan *plan, struct plan_row *row, const struct caps *caps, struct error *err) {
  char reason[512];
  if (!plan_runnable(row->variant, caps, &row->status, reason, sizeof reason))
    return (row->reason = keep(plan, err, "%s", reason)) != NULL;
  row->reason = plan_tuning(row->variant, &row->kase, caps, row->tuning);
  if (row->reason) {
    row->status = STATUS_UNSUPPORTED;
    return true;
  }
  return check_fit(plan, row, caps, err);
}

static struct plan_row *add_row(struct plan *plan, size_t *capacity, struct error *err) {
  if (plan->n == *capacity) {
    size_t wanted = *capacity ? 2 * *capacity : 64;
    struct plan_row *grown = realloc(plan->rows, wanted * sizeof *grown);
    if (!grown) {
      error_set(err, ERROR_MEMORY, "out of memory for a plan of %zu rows", wanted);
      return NULL;
    }
    plan->rows = grown;
    *capacity = wanted;
  }
  return &plan->rows[plan->n];
}

/* Two suite lines may name the same case; it is measured once. */
static bool has_row(const struct plan *plan, const char *id) {
  for (size_t i = 0; i < plan->n; i++)
    if (strcmp(plan->rows[i].id, id) == 0) return true;
  return false;
}

static bool add_case(struct plan *plan, size_t *capacity, const struct suite_case *c, const struct caps *caps,
                     const char *filter, struct error *err) {
  const struct family *family = c->kase.family;
  for (size_t v = 0; v < family->n_variants; v++) {
    const struct variant *variant = &family->variants[v];
    const struct technique *technique = technique_of(family, variant);
    if (!suite_case_has(c, technique)) continue;
    struct plan_row *row = add_row(plan, capacity, err);
    if (!row) return false;
    *row = (struct plan_row){.kase = c->kase, .technique = technique, .variant = variant, .energy = c->energy};
    kernel_row_id(&row->kase, variant, row->id, sizeof row->id);
    if ((filter && !text_glob(filter, row->id)) || has_row(plan, row->id)) continue;
    if (!decide(plan, row, caps, err)) return false;
    plan->n++;
  }
  return true;
}

struct plan *plan_build(const struct suite *suite, const struct caps *caps, const char *filter, struct error *err) {
  struct plan *plan = calloc(1, sizeof *plan);
  if (!plan) {
    error_set(err, ERROR_MEMORY, "out of memory for the plan");
    return NULL;
  }
  size_t capacity = 0;
  for (size_t c = 0; c < suite->n_cases; c++)
    if (!add_case(plan, &capacity, &suite->cases[c], caps, filter, err)) goto error;
  if (filter && !plan->n) {
    error_set(err, ERROR_USAGE,
              "no row of suite %s matches the filter '%.200s'; `vkpareto run --suite %s --dry-run` shows the ids",
              suite->name, filter, suite->name);
    goto error;
  }
  return plan;
error:
  plan_free(plan);
  return NULL;
}

void plan_free(struct plan *plan) {
  if (!plan) return;
  for (size_t i = 0; i < plan->n_texts; i++) free(plan->texts[i]);
  free(plan->texts);
  free(plan->rows);
  free(plan);
}

static cJSON *row_to_json(const struct plan_row *row) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", row->id);
  cJSON_AddStringToObject(json, "status", row->status == STATUS_OK ? "planned" : status_names[row->status]);
  if (row->reason) cJSON_AddStringToObject(json, "reason", row->reason);
  cJSON *tuning = row->status == STATUS_OK && row->variant->n_tunables ? cJSON_AddObjectToObject(json, "tuning") : NULL;
  for (size_t t = 0; tuning && t < row->variant->n_tunables; t++)
    cJSON_AddNumberToObject(tuning, row->variant->tunables[t].name, row->tuning[t]);
  return json;
}

bool plan_print(const struct plan *plan, FILE *to, struct error *err) {
  fputs("[\n", to);
  for (size_t i = 0; i < plan->n; i++) {
    cJSON *json = row_to_json(&plan->rows[i]);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (!text) return error_set(err, ERROR_MEMORY, "out of memory for the plan");
    fprintf(to, "%s%s\n", text, i + 1 < plan->n ? "," : "");
    cJSON_free(text);
  }
  fputs("]\n", to);
  return true;
}
