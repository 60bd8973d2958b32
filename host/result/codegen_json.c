#include <math.h>

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
