/* JSON as text. cJSON's own printer rounds: it takes 15 digits for equal to within an epsilon. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "json.h"
#include "text.h"

static void print_string(FILE *out, const char *text) {
  putc('"', out);
  while (*text) {
    size_t length = text_utf8_length(text);
    unsigned char c = (unsigned char)*text;
    if (!length) fputs("\\ufffd", out), length = 1;
    else if (c == '"' || c == '\\') fprintf(out, "\\%c", c);
    else if (c < 0x20 || c == 0x7f) fprintf(out, "\\u%04x", c);
    else fwrite(text, 1, length, out);
    text += length;
  }
  putc('"', out);
}

/* The fewest digits that read back as the same double. */
static void print_number(FILE *out, double value) {
  if (!isfinite(value)) {
    fputs("null", out);
  } else if (value == floor(value) && fabs(value) <= 0x1p53) {
    fprintf(out, "%.0f", value);
  } else {
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
      snprintf(text, sizeof text, "%.*g", digits, value);
      if (strtod(text, NULL) == value) break;
    }
    fputs(text, out);
  }
}

static void print(FILE *out, const cJSON *item, size_t indent, size_t width);

static void print_name(FILE *out, const cJSON *item, bool object) {
  if (!object) return;
  print_string(out, item->string ? item->string : "");
  fputs(": ", out);
}

/* Characters of the item on one line, or more than `most` as soon as that is certain. */
static size_t line_length(const cJSON *item, size_t most) {
  size_t length = item->string ? strlen(item->string) + 4 : 0;
  if (cJSON_IsString(item)) return length + strlen(item->valuestring) + 2;
  if (cJSON_IsNumber(item)) return length + 12;   /* a usual number; the width is a wish, not a promise */
  if (!cJSON_IsArray(item) && !cJSON_IsObject(item)) return length + 5;
  length += 2;
  for (const cJSON *child = item->child; child && length <= most; child = child->next)
    length += line_length(child, most - length) + 2;
  return length;
}

static bool fits(const cJSON *item, size_t indent, size_t width) {
  if (!item->child || width == SIZE_MAX) return true;
  return indent < width && line_length(item, width - indent) <= width - indent;
}

static void print_children(FILE *out, const cJSON *item, size_t indent, size_t width, bool broken) {
  bool object = cJSON_IsObject(item);
  putc(object ? '{' : '[', out);
  for (const cJSON *child = item->child; child; child = child->next) {
    if (broken) fprintf(out, "\n%*s", (int)indent + 2, "");
    print_name(out, child, object);
    print(out, child, indent + 2, width);
    if (child->next) fputs(broken ? "," : ", ", out);
  }
  if (broken) fprintf(out, "\n%*s", (int)indent, "");
  putc(object ? '}' : ']', out);
}

static void print(FILE *out, const cJSON *item, size_t indent, size_t width) {
  if (cJSON_IsString(item)) print_string(out, item->valuestring);
  else if (cJSON_IsNumber(item)) print_number(out, item->valuedouble);
  else if (cJSON_IsArray(item) || cJSON_IsObject(item))
    print_children(out, item, indent, width, !fits(item, indent, width));
  else if (cJSON_IsBool(item)) fputs(cJSON_IsTrue(item) ? "true" : "false", out);
  else if (cJSON_IsRaw(item)) fputs(item->valuestring, out);
  else fputs("null", out);
}

char *json_text(const cJSON *root, size_t width) {
  char *text = NULL;
  size_t bytes = 0;
  FILE *out = open_memstream(&text, &bytes);
  if (!out) return NULL;
  print(out, root, 0, width);
  bool failed = ferror(out) != 0;
  if (fclose(out) != 0 || failed) {
    free(text);
    return NULL;
  }
  return text;
}

bool json_write(const char *path, const cJSON *root, bool replace, struct error *err) {
  char *text = json_text(root, JSON_WIDTH);
  if (!text) return error_set(err, ERROR_MEMORY, "out of memory writing '%s'; close other programs", path);
  size_t length = strlen(text);
  text[length] = '\n';   /* in the place of the terminating 0, which file_write does not need */
  bool done = file_write(path, text, length + 1, replace, err);
  free(text);
  return done;
}
