#include "machine_json.h"

#include <stdio.h>
#include <string.h>

#include "memory_json.h"

const char *const power_source_names[POWER_SOURCES] = {NULL, "mains", "battery"};

static void add_text(cJSON *to, const char *name, const char *text) {
  if (text && *text) cJSON_AddStringToObject(to, name, text);
  else cJSON_AddNullToObject(to, name);
}

static void add_state(cJSON *to, const char *name, const struct machine_state *state) {
  cJSON *json = cJSON_AddObjectToObject(to, name);
  json_add_number(json, "busy", state->busy);
  add_text(json, "governor", state->governor);
  add_text(json, "profile", state->profile);
  add_text(json, "power", power_source_names[state->source]);
  json_add_number(json, "device_celsius", state->device_celsius);
  json_add_number(json, "device_clock_hz", state->device_clock_hz);
  json_add_number(json, "device_power_limit_w", state->device_power_limit_w);
  heaps_to_json(json, state->heap, state->n_heaps, state->heaps_reason);
}

void machine_to_json(cJSON *root, const struct result *result) {
  cJSON *machine = cJSON_AddObjectToObject(root, "machine");
  add_state(machine, "before", &result->before);
  add_state(machine, "after", &result->after);
}

static bool read_text(const cJSON *json, const char *name, char *out, size_t size, struct error *err) {
  const char *text;
  if (!json_string_or(json, name, size - 1, "", &text, err)) return false;
  snprintf(out, size, "%s", text);
  return true;
}

static bool read_state(const cJSON *machine, const char *name, struct machine_state *state, struct error *err) {
  const double most = 1e300;
  const cJSON *json = cJSON_GetObjectItemCaseSensitive(machine, name);
  char power[16] = "";
  if (json && !cJSON_IsObject(json)) return error_set(err, ERROR_INPUT, "field '%s' is not an object", name);
  if (!json_number_or_nan(json, "busy", 0, 1, &state->busy, err) ||
      !read_text(json, "governor", state->governor, sizeof state->governor, err) ||
      !read_text(json, "profile", state->profile, sizeof state->profile, err) ||
      !read_text(json, "power", power, sizeof power, err) ||
      !json_number_or_nan(json, "device_celsius", -300, most, &state->device_celsius, err) ||
      !json_number_or_nan(json, "device_clock_hz", 0, most, &state->device_clock_hz, err) ||
      !json_number_or_nan(json, "device_power_limit_w", 0, most, &state->device_power_limit_w, err) ||
      !heaps_from_json(json, state->heap, &state->n_heaps, state->heaps_reason, sizeof state->heaps_reason, err))
    return false;
  state->source = POWER_UNKNOWN;
  for (int source = POWER_UNKNOWN + 1; source < POWER_SOURCES; source++)
    if (strcmp(power, power_source_names[source]) == 0) state->source = (enum power_source)source;
  return true;
}

bool machine_from_json(const cJSON *root, struct result *result, struct error *err) {
  const cJSON *machine = cJSON_GetObjectItemCaseSensitive(root, "machine");
  if (machine && !cJSON_IsObject(machine)) return error_set(err, ERROR_INPUT, "field 'machine' is not an object");
  return (read_state(machine, "before", &result->before, err) && read_state(machine, "after", &result->after, err)) ||
         error_prefix(err, "machine: ");
}
