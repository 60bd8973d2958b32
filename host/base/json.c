#include "json.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "text.h"

enum { NESTING = 64, NUMBER_LENGTH = 60 };

static const int64_t exact_integer = (int64_t)1 << 53;

/* ---- the gate: what cJSON would take or cut silently is refused before it sees the text */

static bool refuse(const char *text, const char *at, const char *what, struct error *err) {
  size_t row = 1, column = 1;
  for (; text < at; text++) {
    column = *text == '\n' ? 1 : column + 1;
    row += *text == '\n';
  }
  return error_set(err, ERROR_INPUT, "not valid JSON: line %zu, column %zu: %s", row, column, what);
}

/* Each scan_ function returns the end of what it has read, or NULL with *what set. */
static const char *scan_string(const char *at, const char **what) {
  for (at++; *at != '"';) {
    if ((unsigned char)*at < 0x20) {
      *what = *at ? "control character in a string" : "string without an end";
      return NULL;
    }
    if (*at != '\\') {
      size_t length = text_utf8_length(at);
      if (!length) {
        *what = "text is not UTF-8";
        return NULL;
      }
      at += length;
    } else if (strncmp(at, "\\u0000", 6) == 0) {
      *what = "\\u0000 in a string";
      return NULL;
    } else {
      at += at[1] ? 2 : 1;   /* cJSON checks the escape itself */
    }
  }
  return at + 1;
}

static const char *scan_digits(const char *at) {
  while (isdigit((unsigned char)*at)) at++;
  return at;
}

static const char *scan_number(const char *start, const char **what) {
  const char *at = start + (*start == '-'), *digits = at;
  *what = "malformed number";
  at = scan_digits(at);
  if (at == digits || (*digits == '0' && at > digits + 1)) return NULL;
  if (*at == '.') {
    digits = ++at;
    if ((at = scan_digits(at)) == digits) return NULL;
  }
  if (*at == 'e' || *at == 'E') {
    at++;
    at += *at == '+' || *at == '-';
    digits = at;
    if ((at = scan_digits(at)) == digits) return NULL;
  }
  *what = "number has too many digits";
  if (at - start > NUMBER_LENGTH) return NULL;
  *what = "number is out of range";
  return isfinite(strtod(start, NULL)) ? at : NULL;
}

static bool scan(const char *text, size_t bytes, struct error *err) {
  const char *end = text + bytes, *at = text, *what = NULL;
  size_t depth = 0;
  while (at < end) {
    const char *next = at + 1;
    if (*at == '"') next = scan_string(at, &what);
    else if (*at == '-' || isdigit((unsigned char)*at)) next = scan_number(at, &what);
    else if (*at == '{' || *at == '[') depth++;
    else if (*at == '}' || *at == ']') depth -= depth > 0;
    else if (!*at) return refuse(text, at, "zero byte in the text", err);
    if (depth > NESTING) return refuse(text, at, "nested more than 64 deep", err);
    if (!next) return refuse(text, at, what, err);
    at = next;
  }
  return true;
}

/* text ends with a 0 */
static cJSON *parse(const char *text, size_t bytes, struct error *err) {
  if (!scan(text, bytes, err)) return NULL;
  const char *end = text;
  cJSON *root = cJSON_ParseWithLengthOpts(text, bytes, &end, false);
  if (!root) {
    refuse(text, end, bytes ? "a value, comma, colon or bracket is missing or misplaced" : "the text is empty", err);
    return NULL;
  }
  end += strspn(end, " \t\r\n");
  if (end < text + bytes) {
    refuse(text, end, "text after the end of the value", err);
    cJSON_Delete(root);
    return NULL;
  }
  return root;
}

cJSON *json_parse(const char *text, size_t bytes, struct error *err) {
  char *copy = malloc(bytes + 1);   /* the scanner and strtod stop at a 0, which the caller's text need not have */
  if (!copy) {
    error_set(err, ERROR_MEMORY, "out of memory reading %zu bytes of JSON", bytes);
    return NULL;
  }
  memcpy(copy, text, bytes);
  copy[bytes] = '\0';
  cJSON *root = parse(copy, bytes, err);
  free(copy);
  return root;
}

cJSON *json_parse_file(const char *path, size_t max_bytes, struct error *err) {
  size_t bytes;
  char *text = file_read(path, max_bytes, &bytes, err);
  if (!text) return NULL;
  cJSON *root = json_parse(text, bytes, err);
  if (!root) error_prefix(err, "%s: ", path);
  free(text);
  return root;
}

bool json_check_schema(const cJSON *root, const char *schema, struct error *err) {
  const char *found = json_string(root, "schema", 64, err);
  if (!found) return error_prefix(err, "not a %s file: ", schema);
  if (strcmp(found, schema) == 0) return true;
  size_t name = strcspn(schema, "/") + 1;
  if (strncmp(found, schema, name) == 0 && strspn(found + name, "0123456789") == strlen(found + name) &&
      strtoul(found + name, NULL, 10) > strtoul(schema + name, NULL, 10))
    return error_set(err, ERROR_INPUT, "schema %s is newer than this program, which reads %s; use a newer vkpareto",
                     found, schema);
  return error_set(err, ERROR_INPUT, "schema is '%s' where '%s' is needed; is it the right file?", found, schema);
}

/* ---- members */

static const char *type_name(const cJSON *item) {
  if (cJSON_IsNull(item)) return "null";
  if (cJSON_IsBool(item)) return "a boolean";
  if (cJSON_IsNumber(item)) return "a number";
  if (cJSON_IsString(item)) return "a string";
  return cJSON_IsArray(item) ? "an array" : "an object";
}

/* The member, NULL when absent or null. */
static const cJSON *find(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
  return cJSON_IsNull(item) ? NULL : item;
}

static bool wrong_type(const char *name, const char *wanted, const cJSON *item, struct error *err) {
  return error_set(err, ERROR_INPUT, "field '%s' must be %s, not %s", name, wanted, type_name(item));
}

const cJSON *json_member(const cJSON *object, const char *name, struct error *err) {
  if (!cJSON_IsObject(object)) {
    error_set(err, ERROR_INPUT, "field '%s' is missing: an object is needed around it, not %s", name,
              object ? type_name(object) : "nothing");
    return NULL;
  }
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  if (!item) error_set(err, ERROR_INPUT, "field '%s' is missing", name);
  return item;
}

bool json_item_int(const cJSON *item, const char *name, int64_t min, int64_t max, int64_t *out, struct error *err) {
  if (!cJSON_IsNumber(item)) return wrong_type(name, "a whole number", item, err);
  double value = item->valuedouble;
  if (value != floor(value) || fabs(value) > (double)exact_integer)
    return error_set(err, ERROR_INPUT, "field '%s' must be a whole number within 2^53, not %.17g", name, value);
  if ((int64_t)value < min || (int64_t)value > max)
    return error_set(err, ERROR_INPUT, "field '%s' is %.0f; it must be from %" PRId64 " to %" PRId64, name, value, min,
                     max);
  *out = (int64_t)value;
  return true;
}

bool json_int(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t *out, struct error *err) {
  const cJSON *item = json_member(object, name, err);
  return item && json_item_int(item, name, min, max, out, err);
}

bool json_int_or(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t preset, int64_t *out,
                 struct error *err) {
  const cJSON *item = find(object, name);
  *out = preset;
  return !item || json_item_int(item, name, min, max, out, err);
}

bool json_u64_or(const cJSON *object, const char *name, uint64_t preset, uint64_t *out, struct error *err) {
  const cJSON *item = find(object, name);
  int64_t small = 0;
  *out = preset;
  if (!item) return true;
  if (cJSON_IsString(item)) {
    if (text_parse_u64(item->valuestring, 0, UINT64_MAX, out, err)) return true;
    err->kind = ERROR_INPUT;
    return error_prefix(err, "field '%s': ", name);
  }
  if (!json_item_int(item, name, 0, exact_integer, &small, err)) return false;
  *out = (uint64_t)small;
  return true;
}

static bool number_of(const cJSON *item, const char *name, double min, double max, double *out, struct error *err) {
  if (!cJSON_IsNumber(item)) return wrong_type(name, "a number", item, err);
  double value = item->valuedouble;
  if (!(value >= min && value <= max))
    return error_set(err, ERROR_INPUT, "field '%s' is %g; it must be from %g to %g", name, value, min, max);
  *out = value;
  return true;
}

bool json_number(const cJSON *object, const char *name, double min, double max, double *out, struct error *err) {
  const cJSON *item = json_member(object, name, err);
  return item && number_of(item, name, min, max, out, err);
}

bool json_number_or_nan(const cJSON *object, const char *name, double min, double max, double *out, struct error *err) {
  const cJSON *item = find(object, name);
  *out = NAN;
  return !item || number_of(item, name, min, max, out, err);
}

bool json_bool_or(const cJSON *object, const char *name, bool preset, bool *out, struct error *err) {
  const cJSON *item = find(object, name);
  *out = preset;
  if (!item) return true;
  if (!cJSON_IsBool(item)) return wrong_type(name, "true or false", item, err);
  *out = cJSON_IsTrue(item);
  return true;
}

static bool string_of(const cJSON *item, const char *name, size_t max, const char **out, struct error *err) {
  if (!cJSON_IsString(item)) return wrong_type(name, "a string", item, err);
  if (strlen(item->valuestring) > max)
    return error_set(err, ERROR_INPUT, "field '%s' is longer than %zu bytes", name, max);
  *out = item->valuestring;
  return true;
}

const char *json_string(const cJSON *object, const char *name, size_t max, struct error *err) {
  const cJSON *item = json_member(object, name, err);
  const char *text = NULL;
  return item && string_of(item, name, max, &text, err) ? text : NULL;
}

bool json_copy(const cJSON *object, const char *name, char *out, size_t size, struct error *err) {
  const char *text = json_string(object, name, size - 1, err);
  if (text) memcpy(out, text, strlen(text) + 1);
  return text != NULL;
}

bool json_string_or(const cJSON *object, const char *name, size_t max, const char *preset, const char **out,
                    struct error *err) {
  const cJSON *item = find(object, name);
  *out = preset;
  return !item || string_of(item, name, max, out, err);
}

bool json_name_or(const cJSON *object, const char *name, const char *const names[], int n, int preset, int *out,
                  struct error *err) {
  const char *text;
  char all[256] = "";
  struct text list = {all, sizeof all, 0};
  if (!json_string_or(object, name, 16, names[preset], &text, err)) return false;
  for (*out = 0; *out < n; ++*out) {
    if (strcmp(text, names[*out]) == 0) return true;
    text_add(&list, "%s%s", *out ? ", " : "", names[*out]);
  }
  return error_set(err, ERROR_INPUT, "field '%s' is '%s'; there are %s", name, text, all);
}

const cJSON *json_array(const cJSON *object, const char *name, struct error *err) {
  const cJSON *item = json_member(object, name, err);
  if (!item || cJSON_IsArray(item)) return item;
  wrong_type(name, "an array", item, err);
  return NULL;
}

const cJSON *json_object(const cJSON *object, const char *name, struct error *err) {
  const cJSON *item = json_member(object, name, err);
  if (!item || cJSON_IsObject(item)) return item;
  wrong_type(name, "an object", item, err);
  return NULL;
}

void json_add_number(cJSON *object, const char *name, double value) {
  cJSON_AddItemToObject(object, name, isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

void json_add_int(cJSON *object, const char *name, int64_t value) {
  cJSON_AddNumberToObject(object, name, (double)value);
}

void json_add_u64(cJSON *object, const char *name, uint64_t value) {
  if (value <= (uint64_t)exact_integer) {
    json_add_int(object, name, (int64_t)value);
    return;
  }
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  cJSON_AddStringToObject(object, name, text);
}
