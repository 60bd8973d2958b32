/* Reading JSON that may be hostile, on cJSON: size, depth and every value checked, every message naming file
 * and field. Writing goes through cJSON directly, and json_write for files. */
#ifndef JSON_H
#define JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Strict RFC 8259, and stricter: nesting beyond 64, numbers that overflow a double, \\u0000 and trailing text are
 * refused with line and column. Duplicate keys: the first counts. Free with cJSON_Delete. */
cJSON *json_parse(const char *text, size_t bytes, struct error *);
cJSON *json_parse_file(const char *path, size_t max_bytes, struct error *);
/* "vkpareto.suite/1" expected: another name is refused by name, a higher version as from a newer program. */
bool json_check_schema(const cJSON *root, const char *schema, struct error *);

/* Required members; false with "field 'x' ..." set. Optional ones: the preset is taken when absent or null. */
const cJSON *json_member(const cJSON *object, const char *name, struct error *);
bool json_int(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t *out, struct error *);
bool json_int_or(const cJSON *object, const char *name, int64_t min, int64_t max, int64_t preset, int64_t *out,
                 struct error *);
/* The same of a value itself, such as one of an array; `name` is only for the message. */
bool json_item_int(const cJSON *item, const char *name, int64_t min, int64_t max, int64_t *out, struct error *);
/* A number, or a string of digits where it is over 2^53. */
bool json_u64_or(const cJSON *object, const char *name, uint64_t preset, uint64_t *out, struct error *err);
bool json_number(const cJSON *object, const char *name, double min, double max, double *out, struct error *);
/* Absent or null gives NAN. */
bool json_number_or_nan(const cJSON *object, const char *name, double min, double max, double *out, struct error *);
bool json_bool_or(const cJSON *object, const char *name, bool preset, bool *out, struct error *);
/* The index of one of n names; the error lists them. */
bool json_name_or(const cJSON *object, const char *name, const char *const names[], int n, int preset, int *out,
                  struct error *);
/* Points into the object; NULL with the error set when absent, not a string, or longer than max bytes. */
const char *json_string(const cJSON *object, const char *name, size_t max, struct error *);
/* Into `out`; a text that does not fit is refused. */
bool json_copy(const cJSON *object, const char *name, char *out, size_t size, struct error *);
/* Absent or null gives preset. *out points into the object. */
bool json_string_or(const cJSON *object, const char *name, size_t max, const char *preset, const char **out,
                    struct error *);
const cJSON *json_array(const cJSON *object, const char *name, struct error *);
const cJSON *json_object(const cJSON *object, const char *name, struct error *);

/* NAN and infinities become null. */
void json_add_number(cJSON *object, const char *name, double value);
void json_add_int(cJSON *object, const char *name, int64_t value);   /* exact up to 2^53 */
void json_add_u64(cJSON *object, const char *name, uint64_t value);  /* a string where it is over 2^53 */

/* The text of a tree, without a line end: numbers read back exactly, NAN and infinities are null, bytes that are not
 * UTF-8 become U+FFFD. Objects and arrays that fit in `width` columns stay on one line, others are broken and indented
 * by two; SIZE_MAX: everything on one line. NULL when memory runs out. Free with free(). */
enum { JSON_WIDTH = 120 };
char *json_text(const cJSON *root, size_t width);

/* Writes json_text of JSON_WIDTH to a temporary file beside path, syncs, renames. replace == false: an existing file is
 * an error.
 * A full disk or unwritable folder leaves path as it was and is reported with the remedy. */
bool json_write(const char *path, const cJSON *root, bool replace, struct error *);

#endif
