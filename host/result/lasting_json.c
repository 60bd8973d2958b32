#include "lasting_json.h"

#include <math.h>

static const double MOST_NS = 1e18;
static const double THROTTLES = 1.10;   /* as the control row does (drift_json.c) */

bool result_lasts(const struct lasting *lasting) {
  return !(lasting->sustained_ns > THROTTLES * lasting->short_ns);
}

static cJSON *item_of(const struct lasting *lasting) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "kind", lasting->kind);
  cJSON_AddStringToObject(json, "row", lasting->row);
  json_add_number(json, "short_ns", lasting->short_ns);
  json_add_number(json, "sustained_ns", lasting->sustained_ns);
  if (isnan(lasting->sustained_ns)) cJSON_AddNullToObject(json, "verdict");
  else cJSON_AddStringToObject(json, "verdict", result_lasts(lasting) ? "steady" : "throttling");
  return json;
}

void lasting_to_json(cJSON *ceilings, const struct result *result) {
  if (!result->ceilings.n_lasting) {
    cJSON_AddNullToObject(ceilings, "sustained");
    return;
  }
  cJSON *list = cJSON_AddArrayToObject(ceilings, "sustained");
  for (size_t i = 0; i < result->ceilings.n_lasting; i++)
    cJSON_AddItemToArray(list, item_of(&result->ceilings.lasting[i]));
}

static bool read_item(const cJSON *item, struct lasting *out, struct error *err) {
  return json_copy(item, "kind", out->kind, sizeof out->kind, err) &&
         json_copy(item, "row", out->row, sizeof out->row, err) &&
         json_number_or_nan(item, "short_ns", 0, MOST_NS, &out->short_ns, err) &&
         json_number_or_nan(item, "sustained_ns", 0, MOST_NS, &out->sustained_ns, err);
}

bool lasting_from_json(const cJSON *ceilings, struct result *result, struct error *err) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(ceilings, "sustained"), *item;
  result->ceilings.n_lasting = 0;
  if (list && !cJSON_IsArray(list) && !cJSON_IsNull(list))
    return error_set(err, ERROR_INPUT, "field 'sustained' must be a list");
  cJSON_ArrayForEach(item, list) {
    size_t i = result->ceilings.n_lasting;
    if (i == RESULT_CEILINGS)
      return error_set(err, ERROR_INPUT, "field 'sustained' has more than %d members", RESULT_CEILINGS);
    if (!read_item(item, &result->ceilings.lasting[i], err)) return error_prefix(err, "sustained[%zu]: ", i);
    result->ceilings.n_lasting++;
  }
  return true;
}
