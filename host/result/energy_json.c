#include "energy_json.h"

#include <math.h>
#include <stdio.h>

const struct result_energy result_energy_unknown = {
  .gross = NAN, .gross_error = NAN, .net = NAN, .net_error = NAN, .idle_watts = NAN, .run_ns = NAN,
};

void energy_to_json(cJSON *to, const struct result_energy *energy, const char *reason) {
  if (!energy->windows) {
    cJSON_AddNullToObject(to, "energy");
    cJSON_AddStringToObject(to, "energy_reason", reason && *reason ? reason : "not measured");
    return;
  }
  cJSON *json = cJSON_AddObjectToObject(to, "energy");
  json_add_number(json, "gross", energy->gross);
  json_add_number(json, "gross_error", energy->gross_error);
  json_add_number(json, "net", energy->net);
  json_add_number(json, "net_error", energy->net_error);
  json_add_number(json, "idle_watts", energy->idle_watts);
  json_add_number(json, "run_ns", energy->run_ns);
  json_add_int(json, "windows", energy->windows);
  cJSON_AddStringToObject(json, "meter", energy->meter);
  cJSON_AddNullToObject(to, "energy_reason");
}

bool energy_from_json(const cJSON *from, struct result_energy *energy, struct error *err) {
  const double most = 1e15;   /* joules of a run, ns of one: sums stay finite */
  const cJSON *json = cJSON_GetObjectItemCaseSensitive(from, "energy");
  const char *meter;
  int64_t windows;
  *energy = result_energy_unknown;
  if (!json || cJSON_IsNull(json)) return true;
  if (!cJSON_IsObject(json)) return error_set(err, ERROR_INPUT, "field 'energy' is not an object");
  if (!json_number(json, "gross", 1e-15, most, &energy->gross, err) ||
      !json_number_or_nan(json, "gross_error", 0, most, &energy->gross_error, err) ||
      !json_number_or_nan(json, "net", -most, most, &energy->net, err) ||
      !json_number_or_nan(json, "net_error", 0, most, &energy->net_error, err) ||
      !json_number_or_nan(json, "idle_watts", 0, most, &energy->idle_watts, err) ||
      !json_number_or_nan(json, "run_ns", 1e-3, most, &energy->run_ns, err) ||
      !json_int(json, "windows", 1, UINT32_MAX, &windows, err) ||
      !(meter = json_string(json, "meter", sizeof energy->meter - 1, err)))
    return error_prefix(err, "energy: ");
  energy->windows = (uint32_t)windows;
  snprintf(energy->meter, sizeof energy->meter, "%s", meter);
  return true;
}
