#include "result_load.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "log.h"

enum { RESULT_BYTES_MAX = 256 << 20 };
static const char result_schema[] = "vkpareto.result/1";

/* *schema (64 characters) is empty when the file carries none. */
static bool read_schema(const char *path, char *schema, struct error *err) {
  cJSON *root = json_parse_file(path, RESULT_BYTES_MAX, err);
  if (!root) return false;
  const cJSON *member = cJSON_GetObjectItemCaseSensitive(root, "schema");
  snprintf(schema, 64, "%s", cJSON_IsString(member) ? member->valuestring : "");
  cJSON_Delete(root);
  return true;
}

bool result_load(const char *path, struct result **result, struct error *err) {
  char schema[64];
  *result = NULL;
  if (!read_schema(path, schema, err)) return false;
  if (schema[0] && strcmp(schema, result_schema) != 0) {
    log_warn("%s: skipped, its schema is %s and this program reads %s here", path, schema, result_schema);
    return true;
  }
  return (*result = result_read(path, err)) != NULL;
}
