#include "drift_json.h"

#include <math.h>
#include <stdio.h>

static const double MOST_NS = 1e18;
static const double THROTTLES = 1.10;   /* as much as makes a row noisy */

bool result_throttles(const struct drift *drift) { return drift->sustained_ns > THROTTLES * drift->short_ns; }

static void add_words(cJSON *to, const char *name, bool known, const char *words) {
  if (known) cJSON_AddStringToObject(to, name, words);
  else cJSON_AddNullToObject(to, name);
}

void drift_to_json(cJSON *root, const struct drift *drift) {
  cJSON *json = cJSON_AddObjectToObject(root, "drift");
  add_words(json, "row", drift->row[0], drift->row);
  json_add_number(json, "first_ns", drift->first_ns);
  json_add_number(json, "last_ns", drift->last_ns);
  json_add_number(json, "largest", drift->largest);
  json_add_int(json, "rounds", drift->rounds);
  json_add_int(json, "drifted", drift->drifted);
  add_words(json, "verdict", drift->rounds, drift->drifted ? "drift" : "steady");
  json_add_number(json, "short_ns", drift->short_ns);
  json_add_number(json, "sustained_ns", drift->sustained_ns);
  add_words(json, "sustained_verdict", !isnan(drift->sustained_ns), result_throttles(drift) ? "throttling" : "steady");
}

static bool read_rounds(const cJSON *json, const char *name, uint32_t *out, struct error *err) {
  int64_t value;
  if (!json_int_or(json, name, 0, UINT32_MAX, 0, &value, err)) return false;
  *out = (uint32_t)value;
  return true;
}

bool drift_from_json(const cJSON *root, struct drift *drift, struct error *err) {
  const cJSON *json = cJSON_GetObjectItemCaseSensitive(root, "drift");
  const char *row;
  if (json && !cJSON_IsObject(json) && !cJSON_IsNull(json))
    return error_set(err, ERROR_INPUT, "field 'drift' is not an object");
  if (cJSON_IsNull(json)) json = NULL;
  if (!json_string_or(json, "row", sizeof drift->row - 1, "", &row, err) ||
      !json_number_or_nan(json, "first_ns", 0, MOST_NS, &drift->first_ns, err) ||
      !json_number_or_nan(json, "last_ns", 0, MOST_NS, &drift->last_ns, err) ||
      !json_number_or_nan(json, "largest", 0, MOST_NS, &drift->largest, err) ||
      !read_rounds(json, "rounds", &drift->rounds, err) || !read_rounds(json, "drifted", &drift->drifted, err) ||
      !json_number_or_nan(json, "short_ns", 0, MOST_NS, &drift->short_ns, err) ||
      !json_number_or_nan(json, "sustained_ns", 0, MOST_NS, &drift->sustained_ns, err))
    return error_prefix(err, "drift: ");
  snprintf(drift->row, sizeof drift->row, "%s", row);
  return true;
}
