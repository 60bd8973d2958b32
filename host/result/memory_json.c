#include "memory_json.h"

#include <stdio.h>

static void add_bytes(cJSON *json, const char *name, uint64_t bytes) {
  if (bytes) json_add_u64(json, name, bytes);
  else cJSON_AddNullToObject(json, name);
}

static void add_text(cJSON *json, const char *name, const char *text) {
  if (*text) cJSON_AddStringToObject(json, name, text);
  else cJSON_AddNullToObject(json, name);
}

static void add_trial(cJSON *tried, const char *name, const struct limit_trial *trial) {
  cJSON *json = cJSON_AddObjectToObject(tried, name);
  add_bytes(json, "worked", trial->worked);
  add_bytes(json, "failed", trial->failed);
}

void tried_to_json(cJSON *json, const struct tried_limits *tried) {
  bool known = tried->allocation.worked;
  cJSON *object = known ? cJSON_AddObjectToObject(json, "tried") : cJSON_AddNullToObject(json, "tried");
  if (known) {
    add_trial(object, "allocation", &tried->allocation);
    add_trial(object, "storage_range", &tried->storage_range);
  }
  add_text(json, "tried_reason", known ? "" : *tried->reason ? tried->reason : "not tried");
}

static bool read_trial(const cJSON *tried, const char *name, struct limit_trial *trial, struct error *err) {
  const cJSON *json = cJSON_GetObjectItemCaseSensitive(tried, name);
  if (!tried) return true;
  if (!cJSON_IsObject(json)) return error_set(err, ERROR_INPUT, "field '%s' of 'tried' must be an object", name);
  if (!json_u64_or(json, "worked", 0, &trial->worked, err) || !json_u64_or(json, "failed", 0, &trial->failed, err))
    return error_prefix(err, "%s: ", name);
  return !trial->failed || trial->worked < trial->failed ||
         error_set(err, ERROR_INPUT, "%s: what worked must be less than what failed", name);
}

bool tried_from_json(const cJSON *json, struct tried_limits *tried, struct error *err) {
  const cJSON *object = cJSON_GetObjectItemCaseSensitive(json, "tried");
  const char *reason;
  *tried = (struct tried_limits){0};
  if (cJSON_IsNull(object)) object = NULL;
  if (object && !cJSON_IsObject(object)) return error_set(err, ERROR_INPUT, "field 'tried' must be an object");
  if (!read_trial(object, "allocation", &tried->allocation, err) ||
      !read_trial(object, "storage_range", &tried->storage_range, err) ||
      !json_string_or(json, "tried_reason", sizeof tried->reason - 1, "", &reason, err))
    return false;
  if (!tried->allocation.worked) snprintf(tried->reason, sizeof tried->reason, "%s", reason);
  return true;
}

void heaps_to_json(cJSON *json, const struct heap_use *heap, uint32_t n, const char *reason) {
  cJSON *list = n ? cJSON_AddArrayToObject(json, "heaps") : cJSON_AddNullToObject(json, "heaps");
  for (uint32_t i = 0; i < n; i++) {
    cJSON *item = cJSON_CreateObject();
    json_add_u64(item, "budget", heap[i].budget);
    json_add_u64(item, "used", heap[i].used);
    cJSON_AddItemToArray(list, item);
  }
  if (reason) add_text(json, "heaps_reason", n ? "" : *reason ? reason : "not told");
}

bool heaps_from_json(const cJSON *json, struct heap_use out[CAPS_HEAPS], uint32_t *n, char *reason, size_t size,
                     struct error *err) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "heaps"), *item;
  const char *text;
  *n = 0;
  if (list && !cJSON_IsArray(list) && !cJSON_IsNull(list))
    return error_set(err, ERROR_INPUT, "field 'heaps' must be a list");
  cJSON_ArrayForEach(item, list) {
    if (*n == CAPS_HEAPS) return error_set(err, ERROR_INPUT, "field 'heaps' has more than %d members", CAPS_HEAPS);
    if (!cJSON_IsObject(item)) return error_set(err, ERROR_INPUT, "field 'heaps' must hold objects");
    if (!json_u64_or(item, "budget", 0, &out[*n].budget, err) || !json_u64_or(item, "used", 0, &out[*n].used, err))
      return error_prefix(err, "heaps[%u]: ", *n);
    ++*n;
  }
  if (!reason) return true;
  if (!json_string_or(json, "heaps_reason", size - 1, "", &text, err)) return false;
  snprintf(reason, size, "%s", text);
  return true;
}
