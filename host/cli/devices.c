#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "client.h"
#include "gpu.h"
#include "json.h"
#include "meter.h"
#include "paragraph.h"
#include "plan.h"
#include "result.h"
#include "text.h"

enum { MARGIN = 3, INDENT = 12 };

/* Text that grows word by word; what does not fit is cut. */
struct words { char text[8192]; size_t used; };

static void add_word(struct words *words, const char *separator, const char *word) {
  if (words->used >= sizeof words->text) return;
  words->used += (size_t)snprintf(words->text + words->used, sizeof words->text - words->used, "%s%s",
                                  words->used ? separator : "", word);
}

static void print_field(const char *title, const char *text) { paragraph_print(MARGIN, INDENT, title, text); }

static void print_features(const struct caps *caps, bool present, const char *title) {
  struct words words = {0};
  for (int f = 0; f < FEATURE_COUNT; f++)
    if ((caps->features >> f & 1) == present) add_word(&words, " ", feature_names[f]);
  if (words.used) print_field(title, words.text);
}

static void print_limits(const struct caps *caps) {
  char text[512], range[32], allocation[32], shared[32];
  text_bytes((double)caps->limits.storage_range, range, sizeof range);
  text_bytes((double)caps->limits.allocation, allocation, sizeof allocation);
  text_bytes(caps->limits.shared_memory, shared, sizeof shared);
  snprintf(text, sizeof text, "%s in one binding, %s in one allocation, %s of shared memory and %u invocations a "
           "workgroup, %u workgroups, %u bytes of push constants", range, caps->limits.allocation ? allocation : "?",
           shared, caps->limits.invocations, caps->limits.group_count[0], caps->limits.push_constants);
  print_field("limits", text);
}

static void print_memory(const struct caps *caps) {
  for (uint32_t h = 0; h < caps->n_heaps; h++) {
    char text[160], size[32], budget[64] = "";
    text_bytes((double)caps->heap[h].size, size, sizeof size);
    if (caps->heap[h].budget) {
      char free_now[32];
      text_bytes((double)caps->heap[h].budget, free_now, sizeof free_now);
      snprintf(budget, sizeof budget, ", of which %s may be used now", free_now);
    }
    snprintf(text, sizeof text, "%s, %s%s", size, caps->heap[h].device_local ? "device" : "host", budget);
    print_field(h ? "" : "memory", text);
  }
  static const char *const words[MEMORY_ACCESSES] = {
    [MEMORY_SEPARATE] = "the host reaches it by copies",
    [MEMORY_WINDOW] = "the host maps a window of it, the rest by copies; Resizable BAR, in the firmware's setup, would "
                      "map all",
    [MEMORY_REBAR] = "the host maps all of it (Resizable BAR)",
    [MEMORY_UNIFIED] = "the host's own memory (UMA)",
  };
  print_field("", words[caps_memory_access(caps)]);
}

/* "16x16x16 f16 f16 f32 f32": sides m, n, k and the types of a, b, c and the result. */
static void print_coopmats(const struct caps *caps) {
  struct words words = {0};
  for (uint32_t i = 0; i < caps->n_coopmats; i++) {
    const struct coopmat *entry = &caps->coopmat[i];
    const uint32_t types[] = {entry->a, entry->b, entry->c, entry->result};
    char text[160];
    int used = snprintf(text, sizeof text, "%ux%ux%u", entry->m, entry->n, entry->k);
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
      const char *name = component_name(types[t]);
      used += name ? snprintf(text + used, sizeof text - (size_t)used, " %s", name)
                   : snprintf(text + used, sizeof text - (size_t)used, " type%u", types[t]);
    }
    const char *scope = coopmat_scope_name(entry->scope);
    snprintf(text + used, sizeof text - (size_t)used, "%s%s%s", entry->saturating ? " saturating" : "",
             entry->scope == SCOPE_SUBGROUP ? "" : " of a ", entry->scope == SCOPE_SUBGROUP ? "" : scope ? scope : "?");
    add_word(&words, ", ", text);
  }
  if (words.used) print_field("matrices", words.text);
}

/* The name of the meter, or why there is none. */
static void describe_meter(const struct caps *caps, char *name, char *reason, size_t size) {
  const struct meter_place place = meter_place_here();
  struct error err = {0};
  struct meter *meter = meter_open(caps, &place, &err);
  snprintf(name, size, "%s", meter ? meter_name(meter) : "");
  snprintf(reason, size, "%s", meter ? "" : err.text);
  meter_close(meter);
}

static void print_meter(const struct caps *caps) {
  char name[1024], reason[1024];
  describe_meter(caps, name, reason, sizeof name);
  print_field("energy", *name ? name : reason);
}

static void add_meter(cJSON *device, const struct caps *caps) {
  char name[1024], reason[1024];
  describe_meter(caps, name, reason, sizeof name);
  if (*name) cJSON_AddStringToObject(device, "meter", name);
  else cJSON_AddNullToObject(device, "meter");
  if (*reason) cJSON_AddStringToObject(device, "meter_reason", reason);
  else cJSON_AddNullToObject(device, "meter_reason");
}

static void print_clock(const struct caps *caps) {
  char text[96];
  if (caps->timestamps.valid_bits)
    snprintf(text, sizeof text, "%u bits, %.6g ns a tick", caps->timestamps.valid_bits, caps->timestamps.period_ns);
  else
    snprintf(text, sizeof text, "none on the compute queue: the host's is used");
  print_field("clock", text);
}

static void add_ruled_out(cJSON *list, const struct variant *variant, const struct caps *caps) {
  enum status status;
  char reason[256];
  if (plan_runnable(variant, caps, &status, reason, sizeof reason)) return;
  cJSON *row = cJSON_CreateObject();
  cJSON_AddStringToObject(row, "variant", variant->id);
  cJSON_AddStringToObject(row, "status", status_names[status]);
  cJSON_AddStringToObject(row, "reason", reason);
  cJSON_AddItemToArray(list, row);
}

/* The variants that cannot run on such a device, with the reason of each. */
static cJSON *list_ruled_out(const struct caps *caps) {
  cJSON *list = cJSON_CreateArray();
  for (size_t f = 0; f < n_families; f++)
    for (size_t v = 0; v < families[f]->n_variants; v++) add_ruled_out(list, &families[f]->variants[v], caps);
  return list;
}

static const char *text_of(const cJSON *row, const char *name) {
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, name));
  return text ? text : "";
}

static const cJSON *first_with_reason(const cJSON *list, const char *reason) {
  const cJSON *row;
  cJSON_ArrayForEach(row, list)
    if (strcmp(text_of(row, "reason"), reason) == 0) return row;
  return NULL;
}

/* Those with the same reason in one paragraph. */
static void print_ruled_out(const struct caps *caps) {
  cJSON *list = list_ruled_out(caps);
  const cJSON *row, *other;
  cJSON_ArrayForEach(row, list) {
    const char *reason = text_of(row, "reason");
    if (first_with_reason(list, reason) != row) continue;
    struct words line = {0};
    add_word(&line, "", reason);
    add_word(&line, "", ":");
    for (other = row; other; other = other->next)
      if (strcmp(text_of(other, "reason"), reason) == 0) add_word(&line, " ", text_of(other, "variant"));
    print_field(row == list->child ? "rules out" : "", line.text);
  }
  if (!cJSON_GetArraySize(list)) print_field("rules out", "nothing: every variant of this build can run");
  cJSON_Delete(list);
}

static void print_device(size_t index, const struct caps *caps) {
  char text[700];
  printf("%zu  %s\n", index, caps->name);
  snprintf(text, sizeof text, "%s%s%s", device_type_names[caps->type], caps->pci[0] ? " at " : "", caps->pci);
  print_field("type", text);
  snprintf(text, sizeof text, "%s %s (%s)", caps->driver_name, caps->driver_info, caps->driver_id);
  print_field("driver", text);
  snprintf(text, sizeof text, "%u.%u.%u%s%s", caps->api_version >> 22 & 0x7f, caps->api_version >> 12 & 0x3ff,
           caps->api_version & 0xfff, caps->conformance[0] ? ", conformance " : "", caps->conformance);
  print_field("Vulkan", text);
  print_field("UUID", caps->uuid);
  if (caps->subgroup.size) {
    snprintf(text, sizeof text, "%u invocations", caps->subgroup.size);
    if (caps->subgroup.min != caps->subgroup.max)
      snprintf(text, sizeof text, "%u invocations, can be %u to %u", caps->subgroup.size, caps->subgroup.min,
               caps->subgroup.max);
    print_field("subgroup", text);
  }
  print_features(caps, true, "features");
  print_features(caps, false, "lacks");
  print_limits(caps);
  print_memory(caps);
  if (caps->llc_bytes) {
    text_bytes((double)caps->llc_bytes, text, sizeof text);
    print_field("cache", text);
  }
  print_coopmats(caps);
  print_clock(caps);
  print_meter(caps);
  print_ruled_out(caps);
}

static bool print_json(const struct caps *devices, size_t n, struct error *err) {
  cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "devices");
  for (size_t i = 0; i < n; i++) {
    cJSON *device = caps_to_json(&devices[i]);
    add_meter(device, &devices[i]);
    cJSON_AddItemToObject(device, "ruled_out", list_ruled_out(&devices[i]));
    cJSON_AddItemToArray(list, device);
  }
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
  if (!text) return error_set(err, ERROR_MEMORY, "out of memory printing the devices");
  puts(text);
  cJSON_free(text);
  return true;
}

static const struct args_verb verb = {
  .name = "devices",
  .about = "Shows every Vulkan device: what it offers, its limits, which variants they rule out, and what reads its\n"
           "energy. The number in front is what --device takes; the first device is the one that other verbs choose.",
  .options = {{"json", NULL, "as JSON, the device object of result files"}},
  .example = "vkpareto devices --json",
};

int cli_devices(int argc, char **argv) {
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct error err = {0};
  struct caps *devices = calloc(GPU_MAX_DEVICES, sizeof *devices);
  size_t n = 0;
  bool ok = devices ? client_devices(devices, GPU_MAX_DEVICES, &n, &err)
                    : error_set(&err, ERROR_MEMORY, "out of memory listing devices");
  if (ok && n == 0) ok = gpu_none(&err);
  if (ok && args_flag(&args, "json")) ok = print_json(devices, n, &err);
  else if (ok)
    for (size_t i = 0; i < n; i++) print_device(i, &devices[i]);
  free(devices);
  return ok ? EXIT_DONE : args_fail(&args, &err);
}
