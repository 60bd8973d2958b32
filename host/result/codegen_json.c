
#include "result.h"

cJSON *codegen_to_json(const struct codegen *codegen) {
  cJSON *json = cJSON_CreateObject();
  for (size_t f = 0; f < CODEGEN_FIELDS; f++) json_add_number(json, codegen_fields[f].name, codegen_value(codegen, f));
  return json;
}

bool codegen_from_json(const cJSON *json, struct codegen *codegen, struct error *err) {
  for (size_t f = 0; f < CODEGEN_FIELDS; f++)
    if (!json_number_or_nan(json, codegen_fields[f].name, 0, 1e18, codegen_member(codegen, f), err)) return false;
  return true;
}

void codegen_time_to_json(cJSON *json, const struct compile_time *time) {
  if (time->ns) json_add_u64(json, "compile_ns", time->ns);
  else cJSON_AddNullToObject(json, "compile_ns");
  if (time->ns && time->cached != CACHED_UNKNOWN)
    cJSON_AddBoolToObject(json, "compile_cached", time->cached == CACHED_YES);
  else cJSON_AddNullToObject(json, "compile_cached");
}

bool codegen_time_from_json(const cJSON *json, struct compile_time *time, struct error *err) {
  const cJSON *told = cJSON_GetObjectItemCaseSensitive(json, "compile_cached");
  bool cached;
  if (!json_u64_or(json, "compile_ns", 0, &time->ns, err) || !json_bool_or(json, "compile_cached", false, &cached, err))
    return false;
  time->cached = !time->ns || !cJSON_IsBool(told) ? CACHED_UNKNOWN : cached ? CACHED_YES : CACHED_NO;
  return true;
}
