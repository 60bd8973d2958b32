#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

static enum log_level level = LOG_NORMAL;
static bool progress_shown;

void log_set_level(enum log_level to) { level = to; }
bool log_verbose(void) { return level == LOG_VERBOSE; }

/* stderr is a terminal that takes colour (NO_COLOR unset, TERM not dumb). */
static bool takes_color(void) {
  const char *none = getenv("NO_COLOR");
  return platform_terminal() && !(none && *none);
}

#define CLEAR_LINE "\r\033[K"

/* One write per line: the parent and its worker share stderr. */
static void line(const char *tag, const char *color, const char *format, va_list args) {
  char text[2048];
  bool colored = *tag && takes_color();
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
  if (level < LOG_NORMAL || !platform_terminal()) return;
  char text[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  int columns = (int)platform_terminal_width() - 1;   /* a line that wraps could not be replaced */
  fprintf(stderr, CLEAR_LINE "%.*s", columns < (int)sizeof text ? columns : (int)sizeof text, text);
  fflush(stderr);
  progress_shown = true;
}
