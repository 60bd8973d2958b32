/* The device object of a result. Each table says once how a field is called in the file and where it lies. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_json.h"
#include "result.h"
#include "text.h"

struct text_field { const char *name; size_t offset, size; bool required; };
#define TEXT(name, member, required) {name, offsetof(struct caps, member), sizeof ((struct caps *)0)->member, required}

static const struct text_field device_texts[] = {
  TEXT("name", name, true), TEXT("slug", slug, true), TEXT("uuid", uuid, false), TEXT("pci", pci, false),
};
static const struct text_field driver_texts[] = {
  TEXT("id", driver_id, true), TEXT("slug", driver_slug, true), TEXT("name", driver_name, false),
  TEXT("info", driver_info, false), TEXT("conformance", conformance, false),
  TEXT("pipeline_cache_uuid", pipeline_cache_uuid, false),
};

struct number_field { const char *name; size_t offset; uint64_t min, max; };
#define NUMBER(name, member, min, max) {name, offsetof(struct caps, member), min, max}

static const struct number_field limits_64[] = {
  NUMBER("storage_range", limits.storage_range, 1, UINT64_MAX), NUMBER("allocation", limits.allocation, 1, UINT64_MAX),
  NUMBER("storage_align", limits.storage_align, 1, 65536),
};
static const struct number_field limits_32[] = {
  NUMBER("shared_memory", limits.shared_memory, 0, UINT32_MAX),
  NUMBER("invocations", limits.invocations, 1, UINT32_MAX),
  NUMBER("push_constants", limits.push_constants, 0, UINT32_MAX),
};
static const struct number_field limits_triples[] = {
  NUMBER("group_size", limits.group_size, 1, UINT32_MAX), NUMBER("group_count", limits.group_count, 1, UINT32_MAX),
};
static const struct number_field subgroup_sizes[] = {
  NUMBER("size", subgroup.size, 1, 1024), NUMBER("min", subgroup.min, 1, 1024), NUMBER("max", subgroup.max, 1, 1024),
};

/* Sides of a cooperative matrix multiplication, and the types of its operands. */
static const struct { const char *name; size_t offset; } coopmat_sides[] = {
  {"m", offsetof(struct coopmat, m)}, {"n", offsetof(struct coopmat, n)}, {"k", offsetof(struct coopmat, k)},
};
static const struct { const char *name; size_t offset; } coopmat_types[] = {
  {"a", offsetof(struct coopmat, a)}, {"b", offsetof(struct coopmat, b)}, {"c", offsetof(struct coopmat, c)},
  {"result", offsetof(struct coopmat, result)},
};
enum { MOST_SIDE = 65536 };

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define AT(type, caps, field) ((type *)((char *)(caps) + (field)->offset))
#define AT_CONST(type, caps, field) ((const type *)((const char *)(caps) + (field)->offset))

/* ---- writing */

static void add_texts(cJSON *to, const struct caps *caps, const struct text_field *fields, size_t n) {
  for (size_t i = 0; i < n; i++) cJSON_AddStringToObject(to, fields[i].name, AT_CONST(char, caps, &fields[i]));
}

static void add_numbers(cJSON *to, const struct caps *caps, const struct number_field *fields, size_t n) {
  for (size_t i = 0; i < n; i++) json_add_int(to, fields[i].name, *AT_CONST(uint32_t, caps, &fields[i]));
}

static void add_hex(cJSON *to, const char *name, const char *format, uint32_t value) {
  char text[16];
  snprintf(text, sizeof text, format, value);
  cJSON_AddStringToObject(to, name, text);
}

static void add_driver(cJSON *device, const struct caps *caps) {
  cJSON *driver = cJSON_AddObjectToObject(device, "driver");
  add_texts(driver, caps, driver_texts, COUNT(driver_texts));
  add_hex(driver, "version", "0x%08" PRIx32, caps->driver_version);
}

static void add_limits(cJSON *device, const struct caps *caps) {
  cJSON *limits = cJSON_AddObjectToObject(device, "limits");
  struct caps claims = *caps;   /* what was lowered to what works stands in `tried` */
  if (caps->tried.allocation.claimed) claims.limits.allocation = caps->tried.allocation.claimed;
  if (caps->tried.storage_range.claimed) claims.limits.storage_range = caps->tried.storage_range.claimed;
  for (size_t i = 0; i < COUNT(limits_64); i++)
    json_add_u64(limits, limits_64[i].name, *AT_CONST(uint64_t, &claims, &limits_64[i]));
  add_numbers(limits, caps, limits_32, COUNT(limits_32));
  for (size_t i = 0; i < COUNT(limits_triples); i++) {
    const uint32_t *triple = AT_CONST(uint32_t, caps, &limits_triples[i]);
    cJSON *array = cJSON_AddArrayToObject(limits, limits_triples[i].name);
    for (size_t d = 0; d < 3; d++) cJSON_AddItemToArray(array, cJSON_CreateNumber(triple[d]));
  }
}

static void add_heaps(cJSON *device, const struct caps *caps) {
  cJSON *heaps = cJSON_AddArrayToObject(device, "heaps");
  for (size_t i = 0; i < caps->n_heaps; i++) {
    cJSON *heap = cJSON_CreateObject();
    json_add_u64(heap, "size", caps->heap[i].size);
    if (caps->heap[i].budget) {
      json_add_u64(heap, "budget", caps->heap[i].budget);
      json_add_u64(heap, "used", caps->heap[i].used);
    } else {
      cJSON_AddNullToObject(heap, "budget");
      cJSON_AddNullToObject(heap, "used");
    }
    cJSON_AddBoolToObject(heap, "device_local", caps->heap[i].device_local);
    cJSON_AddBoolToObject(heap, "mappable", caps->heap[i].mappable);
    cJSON_AddItemToArray(heaps, heap);
  }
}

/* The name of a value, or the number where it has none. */
static void add_named(cJSON *to, const char *key, const char *name, uint32_t value) {
  if (name) cJSON_AddStringToObject(to, key, name);
  else json_add_int(to, key, value);
}

static void add_coopmats(cJSON *device, const struct caps *caps) {
  cJSON *list = cJSON_AddArrayToObject(device, "coopmat");
  for (uint32_t i = 0; i < caps->n_coopmats; i++) {
    const struct coopmat *entry = &caps->coopmat[i];
    cJSON *item = cJSON_CreateObject();
    for (size_t s = 0; s < COUNT(coopmat_sides); s++)
      json_add_int(item, coopmat_sides[s].name, *AT_CONST(uint32_t, entry, &coopmat_sides[s]));
    for (size_t t = 0; t < COUNT(coopmat_types); t++) {
      uint32_t type = *AT_CONST(uint32_t, entry, &coopmat_types[t]);
      add_named(item, coopmat_types[t].name, component_name(type), type);
    }
    add_named(item, "scope", coopmat_scope_name(entry->scope), entry->scope);
    cJSON_AddBoolToObject(item, "saturating", entry->saturating);
    cJSON_AddItemToArray(list, item);
  }
}

static void add_clock(cJSON *device, const struct caps *caps) {
  cJSON *clock = cJSON_AddObjectToObject(device, "clock");
  cJSON_AddStringToObject(clock, "source", caps->timestamps.valid_bits && !caps->timestamps.rejected ? "gpu" : "host");
  json_add_int(clock, "valid_bits", caps->timestamps.valid_bits);
  json_add_number(clock, "period_ns", caps->timestamps.period_ns);
  json_add_number(clock, "resolution_ns", caps->timestamps.resolution_ns);
  cJSON_AddStringToObject(clock, "verdict", caps->timestamps.verdict);
}

cJSON *caps_to_json(const struct caps *caps) {
  cJSON *device = cJSON_CreateObject();
  add_texts(device, caps, device_texts, COUNT(device_texts));
  cJSON_AddStringToObject(device, "type", device_type_names[caps->type]);
  add_hex(device, "vendor_id", "0x%04" PRIx32, caps->vendor_id);
  add_hex(device, "device_id", "0x%04" PRIx32, caps->device_id);
  add_driver(device, caps);
  char api[32];
  snprintf(api, sizeof api, "%u.%u.%u", caps->api_version >> 22 & 0x7f, caps->api_version >> 12 & 0x3ff,
           caps->api_version & 0xfff);
  cJSON_AddStringToObject(device, "api", api);
  add_numbers(cJSON_AddObjectToObject(device, "subgroup"), caps, subgroup_sizes, COUNT(subgroup_sizes));
  cJSON *features = cJSON_AddObjectToObject(device, "features");
  for (size_t f = 0; f < FEATURE_COUNT; f++) cJSON_AddBoolToObject(features, feature_names[f], caps->features >> f & 1);
  add_limits(device, caps);
  tried_to_json(device, &caps->tried);
  add_heaps(device, caps);
  cJSON_AddStringToObject(device, "memory_access", memory_access_names[caps_memory_access(caps)]);
  add_coopmats(device, caps);
  if (caps->llc_bytes) json_add_u64(device, "llc_bytes", caps->llc_bytes);
  else cJSON_AddNullToObject(device, "llc_bytes");
  add_clock(device, caps);
  return device;
}

/* ---- reading */

static bool read_texts(const cJSON *from, struct caps *caps, const struct text_field *fields, size_t n,
                       struct error *err) {
  for (size_t i = 0; i < n; i++) {
    const char *text;
    if (!json_string_or(from, fields[i].name, fields[i].size - 1, fields[i].required ? NULL : "", &text, err))
      return false;
    if (!text || (fields[i].required && !*text))
      return error_set(err, ERROR_INPUT, "field '%s' is missing or empty", fields[i].name);
    strcpy(AT(char, caps, &fields[i]), text);
  }
  return true;
}

static bool read_numbers(const cJSON *from, struct caps *caps, const struct number_field *fields, size_t n,
                         struct error *err) {
  for (size_t i = 0; i < n; i++) {
    int64_t value;
    if (!json_int(from, fields[i].name, (int64_t)fields[i].min, (int64_t)fields[i].max, &value, err)) return false;
    *AT(uint32_t, caps, &fields[i]) = (uint32_t)value;
  }
  return true;
}

static bool read_hex(const cJSON *from, const char *name, uint32_t *out, struct error *err) {
  const char *text;
  if (!json_string_or(from, name, 10, "0x0", &text, err)) return false;
  size_t digits = strncmp(text, "0x", 2) == 0 ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;
  if (!digits || text[2 + digits])
    return error_set(err, ERROR_INPUT, "field '%s' must be like \"0x10de\", not \"%s\"", name, text);
  *out = (uint32_t)strtoul(text, NULL, 16);
  return true;
}

static bool read_api(const cJSON *from, struct caps *caps, struct error *err) {
  const char *text = json_string(from, "api", 24, err);
  unsigned major, minor, patch;
  int used = 0;
  if (!text) return false;
  if (sscanf(text, "%3u.%4u.%4u%n", &major, &minor, &patch, &used) != 3 || text[used] || major > 127 || minor > 1023 ||
      patch > 4095)
    return error_set(err, ERROR_INPUT, "field 'api' must be like \"1.3.204\", not \"%s\"", text);
  caps->api_version = major << 22 | minor << 12 | patch;
  return true;
}

static bool read_driver(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *driver = json_object(device, "driver", err);
  return driver && read_texts(driver, caps, driver_texts, COUNT(driver_texts), err) &&
         read_hex(driver, "version", &caps->driver_version, err);
}

static bool power_of_two(uint64_t x) { return x && !(x & (x - 1)); }

static bool read_subgroup(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *subgroup = json_object(device, "subgroup", err);
  if (!subgroup || !read_numbers(subgroup, caps, subgroup_sizes, COUNT(subgroup_sizes), err)) return false;
  if (!power_of_two(caps->subgroup.size) || !power_of_two(caps->subgroup.min) || !power_of_two(caps->subgroup.max) ||
      caps->subgroup.min > caps->subgroup.size || caps->subgroup.size > caps->subgroup.max)
    return error_set(err, ERROR_INPUT, "field 'subgroup' must hold powers of two with min <= size <= max");
  return true;
}

static bool read_features(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *features = json_object(device, "features", err);
  if (!features) return false;
  for (size_t f = 0; f < FEATURE_COUNT; f++) {
    bool has;
    if (!json_bool_or(features, feature_names[f], false, &has, err)) return false;
    caps->features |= (uint64_t)has << f;
  }
  return true;
}

static bool read_triple(const cJSON *limits, struct caps *caps, const struct number_field *field, struct error *err) {
  const cJSON *array = json_array(limits, field->name, err), *item;
  uint32_t *triple = AT(uint32_t, caps, field);
  size_t n = 0;
  cJSON_ArrayForEach(item, array) {
    if (n == 3 || !cJSON_IsNumber(item) ||
        !(item->valuedouble >= (double)field->min && item->valuedouble <= (double)field->max))
      break;
    triple[n++] = (uint32_t)item->valuedouble;
  }
  if (!array) return false;
  if (n != 3 || item)
    return error_set(err, ERROR_INPUT, "field '%s' must be an array of three positive numbers", field->name);
  return true;
}

static bool read_limits(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *limits = json_object(device, "limits", err);
  if (!limits) return false;
  for (size_t i = 0; i < COUNT(limits_64); i++) {
    uint64_t value;
    if (!json_u64_or(limits, limits_64[i].name, 0, &value, err)) return false;
    if (value < limits_64[i].min || value > limits_64[i].max)
      return error_set(err, ERROR_INPUT, "field '%s' is missing or out of range", limits_64[i].name);
    *AT(uint64_t, caps, &limits_64[i]) = value;
  }
  if (!power_of_two(caps->limits.storage_align))
    return error_set(err, ERROR_INPUT, "field 'storage_align' must be a power of two");
  for (size_t i = 0; i < COUNT(limits_triples); i++)
    if (!read_triple(limits, caps, &limits_triples[i], err)) return false;
  return read_numbers(limits, caps, limits_32, COUNT(limits_32), err);
}

static bool read_tried(const cJSON *device, struct caps *caps, struct error *err) {
  struct tried_limits tried;
  if (!tried_from_json(device, &tried, err)) return false;
  caps_take_trial(caps, &tried);
  return true;
}

static bool read_heaps(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *heaps = json_array(device, "heaps", err), *heap;
  cJSON_ArrayForEach(heap, heaps) {
    if (caps->n_heaps == CAPS_HEAPS)
      return error_set(err, ERROR_INPUT, "field 'heaps' has more than %d members", CAPS_HEAPS);
    if (!cJSON_IsObject(heap)) return error_set(err, ERROR_INPUT, "field 'heaps' must hold objects");
    size_t i = caps->n_heaps++;
    if (!json_u64_or(heap, "size", 0, &caps->heap[i].size, err) ||
        !json_u64_or(heap, "budget", 0, &caps->heap[i].budget, err) ||
        !json_u64_or(heap, "used", 0, &caps->heap[i].used, err) ||
        !json_bool_or(heap, "device_local", false, &caps->heap[i].device_local, err) ||
        !json_bool_or(heap, "mappable", false, &caps->heap[i].mappable, err))
      return error_prefix(err, "heaps[%zu]: ", i);
  }
  return heaps != NULL;
}

/* A name that `find` knows, or a number. A newer program's name reads as UINT32_MAX, which matches nothing. */
static bool read_named(const cJSON *from, const char *key, bool (*find)(const char *, uint32_t *), uint32_t *out,
                       struct error *err) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(from, key);
  int64_t value;
  if (cJSON_IsString(item)) {
    if (!find(item->valuestring, out)) *out = UINT32_MAX;
    return true;
  }
  if (!json_int(from, key, 0, UINT32_MAX, &value, err)) return false;
  *out = (uint32_t)value;
  return true;
}

static bool read_coopmat(const cJSON *item, struct coopmat *entry, struct error *err) {
  if (!cJSON_IsObject(item)) return error_set(err, ERROR_INPUT, "must be an object");
  for (size_t s = 0; s < COUNT(coopmat_sides); s++) {
    int64_t side;
    if (!json_int(item, coopmat_sides[s].name, 1, MOST_SIDE, &side, err)) return false;
    *AT(uint32_t, entry, &coopmat_sides[s]) = (uint32_t)side;
  }
  for (size_t t = 0; t < COUNT(coopmat_types); t++)
    if (!read_named(item, coopmat_types[t].name, component_find, AT(uint32_t, entry, &coopmat_types[t]), err))
      return false;
  return read_named(item, "scope", coopmat_scope_find, &entry->scope, err) &&
         json_bool_or(item, "saturating", false, &entry->saturating, err);
}

/* Optional: results from before the field was filled have none. */
static bool read_coopmats(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(device, "coopmat"), *item;
  if (list && !cJSON_IsArray(list)) return error_set(err, ERROR_INPUT, "field 'coopmat' must be an array");
  cJSON_ArrayForEach(item, list) {
    if (caps->n_coopmats == CAPS_COOPMATS)
      return error_set(err, ERROR_INPUT, "field 'coopmat' has more than %d members", CAPS_COOPMATS);
    if (!read_coopmat(item, &caps->coopmat[caps->n_coopmats], err))
      return error_prefix(err, "coopmat[%u]: ", caps->n_coopmats);
    caps->n_coopmats++;
  }
  return true;
}

static bool read_clock(const cJSON *device, struct caps *caps, struct error *err) {
  const cJSON *clock = json_object(device, "clock", err);
  int64_t bits;
  const char *source, *verdict;
  if (!clock || !json_int(clock, "valid_bits", 0, 64, &bits, err) ||
      !json_string_or(clock, "source", 8, "gpu", &source, err) ||
      !json_string_or(clock, "verdict", sizeof caps->timestamps.verdict - 1, "", &verdict, err))
    return false;
  caps->timestamps.valid_bits = (uint32_t)bits;
  caps->timestamps.rejected = bits && strcmp(source, "host") == 0;
  snprintf(caps->timestamps.verdict, sizeof caps->timestamps.verdict, "%s", verdict);
  return json_number_or_nan(clock, "period_ns", 0, 1e9, &caps->timestamps.period_ns, err) &&
         json_number_or_nan(clock, "resolution_ns", 0, 1e18, &caps->timestamps.resolution_ns, err);
}

static bool read_type(const cJSON *device, struct caps *caps, struct error *err) {
  const char *type = json_string(device, "type", 32, err);
  for (int t = 0; type && t < DEVICE_TYPES; t++)
    if (strcmp(type, device_type_names[t]) == 0) {
      caps->type = (enum device_type)t;
      return true;
    }
  return type &&
         error_set(err, ERROR_INPUT, "field 'type' is '%s', not discrete, integrated, virtual, cpu or other", type);
}

/* Slugs become folder and file names. */
static bool check_slug(const char *slug, struct error *err) {
  char again[sizeof ((struct caps *)0)->slug];
  text_slug(slug, again, sizeof again);
  return strcmp(slug, again) == 0 ||
         error_set(err, ERROR_INPUT, "field 'slug' is '%s'; it may hold a-z, 0-9, '.' and '-'", slug);
}

bool caps_from_json(const cJSON *device, struct caps *caps, struct error *err) {
  memset(caps, 0, sizeof *caps);
  return read_texts(device, caps, device_texts, COUNT(device_texts), err) && check_slug(caps->slug, err) &&
         read_type(device, caps, err) && read_hex(device, "vendor_id", &caps->vendor_id, err) &&
         read_hex(device, "device_id", &caps->device_id, err) && read_driver(device, caps, err) &&
         check_slug(caps->driver_slug, err) && read_api(device, caps, err) && read_subgroup(device, caps, err) &&
         read_features(device, caps, err) && read_limits(device, caps, err) && read_tried(device, caps, err) &&
         read_heaps(device, caps, err) && read_coopmats(device, caps, err) &&
         json_u64_or(device, "llc_bytes", 0, &caps->llc_bytes, err) && read_clock(device, caps, err);
}
