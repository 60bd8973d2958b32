/* One error, carried to where it is shown. Functions that can fail take a `struct error *` last, return
 * false or NULL, and set it once; the message names the cause and, after a semicolon or in a sentence of its own, the
 * remedy. */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

/* Exit statuses (DESIGN section 7). */
enum exit_status {
  EXIT_DONE = 0,
  EXIT_USAGE = 1,          /* the command line */
  EXIT_INPUT = 2,          /* a file, its content or the environment */
  EXIT_NO_DEVICE = 3,
  EXIT_WRONG = 4,          /* a wrong kernel, a gate that failed, no feasible configuration */
  EXIT_NO_ROWS = 5,
  EXIT_INTERRUPTED = 130,
};

enum error_kind {
  ERROR_NONE,
  ERROR_USAGE,
  ERROR_INPUT,        /* bad file or environment */
  ERROR_NO_DEVICE,
  ERROR_UNSUPPORTED,  /* the device or the build cannot do it */
  ERROR_MEMORY,       /* host or device memory ran out */
  ERROR_LOST,         /* VK_ERROR_DEVICE_LOST, or the worker died */
  ERROR_TIMEOUT,
  ERROR_DRIVER,       /* any other VkResult */
  ERROR_INFEASIBLE,
  ERROR_INTERRUPTED,
};

struct error {
  enum error_kind kind;
  char text[1024];
};

/* Formats the message and returns false, so that `return error_set(...)` reads well. Cuts what does not fit. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts text before the message: "suites/quick.json: " + what the parser said. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum exit_status error_exit_status(const struct error *err);

#endif
