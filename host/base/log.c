#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum log_level level = LOG_NORMAL;
static bool progress_shown;

void log_set_level(enum log_level to) { level = to; }

bool log_color(void) {
  const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
  return isatty(STDERR_FILENO) && !(none && *none) && term && strcmp(term, "dumb") != 0;
}

#define CLEAR_LINE "\r\033[K"

/* One write per line: the parent and its worker share stderr. */
static void line(const char *tag, const char *color, const char *format, va_list args) {
  char text[2048];
  bool colored = *tag && log_color();
  int used = snprintf(text, sizeof text, "%s%s%s%s", progress_shown ? CLEAR_LINE : "", colored ? color : "", tag,
                      colored ? "\033[0m" : "");
  int wrote = vsnprintf(text + used, sizeof text - (size_t)used, format, args);
  size_t length = wrote < 0 ? (size_t)used : strlen(text);
  if (length > sizeof text - 2) length = sizeof text - 2;
  text[length++] = '\n';
  fwrite(text, 1, length, stderr);
  progress_shown = false;
}

void log_info(const char *format, ...) {
  if (level < LOG_NORMAL) return;
  va_list args;
  va_start(args, format);
  line("", "", format, args);
  va_end(args);
}

void log_detail(const char *format, ...) {
  if (level < LOG_VERBOSE) return;
  va_list args;
  va_start(args, format);
  line("", "", format, args);
  va_end(args);
}

void log_warn(const char *format, ...) {
  va_list args;
  va_start(args, format);
  line("warning: ", "\033[33m", format, args);
  va_end(args);
}

void log_error(const char *format, ...) {
  va_list args;
  va_start(args, format);
  line("error: ", "\033[31m", format, args);
  va_end(args);
}

void log_progress(const char *format, ...) {
  const char *term = getenv("TERM");
  if (level < LOG_NORMAL || !isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0) return;
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  fprintf(stderr, CLEAR_LINE "%.150s", text);
  fflush(stderr);
  progress_shown = true;
}
