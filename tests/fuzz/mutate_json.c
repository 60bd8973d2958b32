/* Changes one value of an input that is JSON: most changes of its bytes would only end in the parser. Every other
 * change is libFuzzer's own. What is not JSON gets those alone. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "rng.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static size_t count(const cJSON *item) {
  size_t n = 1;
  const cJSON *child;
  cJSON_ArrayForEach(child, item) n += count(child);
  return n;
}

/* The value with this number, depth first; its parent in *parent. */
static cJSON *find(cJSON *item, size_t *number, cJSON **parent) {
  if ((*number)-- == 0) return item;
  for (cJSON *child = item->child; child; child = child->next) {
    cJSON *found = find(child, number, parent);
    if (!found) continue;
    if (found == child) *parent = item;
    return found;
  }
  return NULL;
}

static cJSON *any_value(struct rng *rng, const cJSON *old, const cJSON *other) {
  static const double numbers[] = {0,     1,     -1,  2,     3,            0.5,                1e-300,
                                   1e30,  1e300, 255, 65536, 4294967295.0, 9007199254740993.0, 1e19};
  static const char *const texts[] = {"",   "0",    "18446744073709551615", "../x", "\x1b[2J", "f32",
                                      "ok", "cold", "\xc3\xa9"};
  switch (rng_below(rng, 9)) {
  case 0: return cJSON_CreateNull();
  case 1: return cJSON_CreateBool(rng_below(rng, 2) == 0);
  case 2: return cJSON_CreateArray();
  case 3: return cJSON_CreateObject();
  case 4: return cJSON_CreateString(texts[rng_below(rng, sizeof texts / sizeof *texts)]);
  case 5: case 6:
    if (cJSON_IsNumber(old))
      return cJSON_CreateNumber(old->valuedouble * (rng_below(rng, 2) ? 2 : -1) + (double)rng_below(rng, 3) - 1);
    return cJSON_CreateNumber(numbers[rng_below(rng, sizeof numbers / sizeof *numbers)]);
  case 7: return cJSON_CreateNumber(numbers[rng_below(rng, sizeof numbers / sizeof *numbers)]);
  default: return cJSON_Duplicate(other, true);
  }
}

/* One value replaced, removed, or doubled. */
static void change(cJSON *root, struct rng *rng) {
  cJSON *parent = NULL, *unused = NULL;
  size_t n = count(root), at = 1 + rng_below(rng, n), from = rng_below(rng, n);
  cJSON *item = at < n ? find(root, &at, &parent) : NULL;
  if (!item) return;
  switch (rng_below(rng, 8)) {
  case 0: cJSON_Delete(cJSON_DetachItemViaPointer(parent, item)); break;
  case 1: {
    cJSON *twin = cJSON_Duplicate(item, true);
    if (cJSON_IsArray(parent)) cJSON_AddItemToArray(parent, twin);
    else cJSON_AddItemToObject(parent, item->string, twin);
    break;
  }
  default: {
    cJSON *value = any_value(rng, item, find(root, &from, &unused));
    if (cJSON_IsObject(parent)) cJSON_ReplaceItemInObjectCaseSensitive(parent, item->string, value);
    else cJSON_ReplaceItemViaPointer(parent, item, value);
  }
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
  struct rng rng = rng_make(seed);
  cJSON *root = rng_below(&rng, 4) ? cJSON_ParseWithLength((const char *)data, size) : NULL;
  if (!root) return LLVMFuzzerMutate(data, size, max_size);
  for (uint64_t n = 1 + rng_below(&rng, 3); n > 0; n--) change(root, &rng);
  char *text = json_text(root, SIZE_MAX);
  size_t length = text ? strlen(text) : SIZE_MAX;
  if (length <= max_size) memcpy(data, text, length);
  cJSON_Delete(root);
  free(text);
  return length <= max_size ? length : LLVMFuzzerMutate(data, size, max_size);
}
