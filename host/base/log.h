/* Talk goes to stderr; data goes to stdout (through out.h). */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };
void log_set_level(enum log_level);
bool log_verbose(void);   /* LOG_VERBOSE is set */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));     /* a line at LOG_NORMAL */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* a line at LOG_VERBOSE */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));     /* "warning: ", always */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));    /* "error: ", always */
/* A line that the next line of any kind replaces: on a terminal at LOG_NORMAL; nothing elsewhere. "" removes it. */
void log_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
