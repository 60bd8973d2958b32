#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Messages quote files that may be hostile: no escape sequence of theirs may reach a terminal. */
static void take(struct error *err, const char *text, bool cut) {
  size_t n = 0;
  for (; text[n] && n < sizeof err->text - 1; n++) {
    unsigned char c = (unsigned char)text[n];
    err->text[n] = (c < 0x20 && c != '\n') || c == 0x7f ? '?' : (char)c;
  }
  err->text[n] = '\0';
  if (cut || text[n]) strcpy(err->text + sizeof err->text - 4, "...");
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...) {
  if (!err) return false;
  char text[sizeof err->text];
  va_list args;
  va_start(args, format);
  int wrote = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  err->kind = kind;
  take(err, wrote < 0 ? format : text, wrote >= (int)sizeof text);
  return false;
}

bool error_prefix(struct error *err, const char *format, ...) {
  if (!err) return false;
  char text[2 * sizeof err->text];
  va_list args;
  va_start(args, format);
  int wrote = vsnprintf(text, sizeof err->text, format, args);
  va_end(args);
  if (wrote < 0) return false;
  strcat(text, err->text);
  take(err, text, false);
  return false;
}

enum exit_status error_exit_status(const struct error *err) {
  switch (err->kind) {
    case ERROR_NONE: return EXIT_DONE;
    case ERROR_USAGE: return EXIT_USAGE;
    case ERROR_NO_DEVICE: return EXIT_NO_DEVICE;
    case ERROR_INFEASIBLE: return EXIT_WRONG;
    case ERROR_INTERRUPTED: return EXIT_INTERRUPTED;
    case ERROR_INPUT:
    case ERROR_UNSUPPORTED:
    case ERROR_MEMORY:
    case ERROR_LOST:
    case ERROR_TIMEOUT:
    case ERROR_DRIVER: return EXIT_INPUT;
  }
  return EXIT_INPUT;
}
