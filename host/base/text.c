#include "text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool text_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out, struct error *err) {
  uint64_t value = 0;
  const char *at = text;
  bool fits = true;
  for (; is_digit(*at); at++)
    fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
           !__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
  if (at == text || *at)
    return error_set(err, ERROR_USAGE, "'%s' is not a whole number; give one from %" PRIu64 " to %" PRIu64, text, min,
                     max);
  if (!fits || value < min || value > max)
    return error_set(err, ERROR_USAGE, "%s is out of range; give a whole number from %" PRIu64 " to %" PRIu64, text,
                     min, max);
  *out = value;
  return true;
}

bool text_parse_double(const char *text, double min, double max, double *out, struct error *err) {
  /* strtod would also take spaces, hexadecimal, infinity and NaN. */
  bool plain = *text && strspn(text, "0123456789+-.eE") == strlen(text);
  char *end = NULL;
  double value = plain ? strtod(text, &end) : NAN;
  if (!plain || *end || end == text)
    return error_set(err, ERROR_USAGE, "'%s' is not a number; give one from %g to %g", text, min, max);
  if (!isfinite(value) || value < min || value > max)
    return error_set(err, ERROR_USAGE, "%s is out of range; give a number from %g to %g", text, min, max);
  *out = value;
  return true;
}

static const struct { const char *name; uint64_t bytes; } size_units[] = {
  {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10},
  {"GB", 1000000000}, {"MB", 1000000}, {"KB", 1000}, {"B", 1},
};

static bool size_unit(const char *name, uint64_t *bytes) {
  for (size_t i = 0; i < sizeof size_units / sizeof *size_units; i++)
    if (text_equal_nocase(name, size_units[i].name)) {
      *bytes = size_units[i].bytes;
      return true;
    }
  return false;
}

bool text_parse_size(const char *text, uint64_t *bytes, struct error *err) {
  size_t whole = strspn(text, "0123456789");
  size_t number = whole;
  if (text[number] == '.') number += 1 + strspn(text + number + 1, "0123456789");
  const char *unit_name = text + number + strspn(text + number, " ");
  if (whole == 0 || text[number - 1] == '.')
    return error_set(err, ERROR_USAGE, "'%s' is not a size; write it like 8GiB or 6.5GB", text);
  uint64_t unit;
  if (!*unit_name)
    return error_set(err, ERROR_USAGE, "size '%s' has no unit; write %sGiB or %sGB", text, text, text);
  if (!size_unit(unit_name, &unit))
    return error_set(err, ERROR_USAGE, "size '%s' has an unknown unit; use GiB, MiB, KiB, GB, MB, KB or B", text);
  double value = strtod(text, NULL) * (double)unit;
  if (!(value < 0x1p63))
    return error_set(err, ERROR_USAGE, "size '%s' is larger than any memory; write it like 8GiB", text);
  *bytes = (uint64_t)value;
  return true;
}

bool text_glob(const char *pattern, const char *text) {
  const char *star = NULL, *retry = NULL;   /* the last '*', and how far it has swallowed */
  while (*text) {
    if (*pattern == '*') {
      star = pattern++;
      retry = text;
    } else if (*pattern == '?' || *pattern == *text) {
      pattern++;
      text++;
    } else if (star) {
      pattern = star + 1;
      text = ++retry;
    } else {
      return false;
    }
  }
  while (*pattern == '*') pattern++;
  return !*pattern;
}

bool text_equal_nocase(const char *a, const char *b) { return strcasecmp(a, b) == 0; }

bool text_contains_nocase(const char *text, const char *part) { return strcasestr(text, part) != NULL; }

enum { NEAREST_MAX = 64 };   /* longer words are never a slip of the finger */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment: insertions, deletions, substitutions, swaps of neighbours; case is ignored. */
static size_t distance(const char *a, size_t n, const char *b, size_t m) {
  size_t d[NEAREST_MAX + 1][NEAREST_MAX + 1];
  for (size_t i = 0; i <= n; i++)
    for (size_t j = 0; j <= m; j++) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
      d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (x != y));
      if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]))
        d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[n][m];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n) {
  const char *nearest = NULL;
  size_t best = SIZE_MAX, length = strlen(word);
  if (length > NEAREST_MAX) return NULL;
  for (size_t i = 0; i < n; i++) {
    size_t other = strlen(candidates[i]);
    if (other > NEAREST_MAX) continue;
    size_t far = distance(word, length, candidates[i], other);
    if (3 * far <= (length > other ? length : other) && far < best) {
      best = far;
      nearest = candidates[i];
    }
  }
  return nearest;
}

static bool slug_edge(char c) { return c == '-' || c == '.'; }

void text_slug(const char *text, char *out, size_t size) {
  size_t n = 0;
  for (; *text && n + 1 < size; text++) {
    char c = (char)tolower((unsigned char)*text);
    bool keep = (c >= 'a' && c <= 'z') || is_digit(c) || c == '.';
    if (!keep) c = '-';
    if (slug_edge(c) && (n == 0 || (c == '-' && out[n - 1] == '-'))) continue;
    out[n++] = c;
  }
  while (n && slug_edge(out[n - 1])) n--;
  if (size) out[n] = '\0';
  if (size && n == 0) snprintf(out, size, "device");
}

/* Three significant digits. */
static int three_digits(double value) {
  double magnitude = fabs(value);
  return magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
}

/* In the largest of n units, each `step` times the one before, in which the number is at least 1. */
static void scaled(double value, double step, const char *const *units, size_t n, char *out, size_t size) {
  if (isnan(value)) {
    snprintf(out, size, "-");
    return;
  }
  size_t unit = 0;
  for (; unit + 1 < n && fabs(value) >= step - 0.5; unit++) value /= step;
  snprintf(out, size, "%.*f %s", three_digits(value), value, units[unit]);
}

void text_duration(double ns, char *out, size_t size) {
  static const char *const units[] = {"ns", "us", "ms", "s"}, *const longer[] = {"min", "h"};
  const double minutes = ns / 60e9;
  if (minutes >= 10) scaled(minutes, 60, longer, 2, out, size);
  else scaled(ns, 1000, units, 4, out, size);
}

void text_bytes(double bytes, char *out, size_t size) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  scaled(bytes, 1024, units, 5, out, size);
}

void text_add(struct text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int wrote = vsnprintf(t->out + t->used, t->size - t->used, format, args);
  va_end(args);
  if (wrote > 0) t->used = t->used + (size_t)wrote < t->size ? t->used + (size_t)wrote : t->size - 1;
}

size_t text_utf8_length(const char *text) {
  const unsigned char *s = (const unsigned char *)text;
  if (s[0] < 0x80) return s[0] != 0;
  size_t length = 0;
  if (s[0] >= 0xc2 && s[0] < 0xe0) length = 2;
  else if (s[0] >= 0xe0 && s[0] < 0xf0) length = 3;
  else if (s[0] >= 0xf0 && s[0] < 0xf5) length = 4;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
  bool surrogate = s[0] == 0xed && s[1] >= 0xa0, beyond = s[0] == 0xf4 && s[1] >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}
