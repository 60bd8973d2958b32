#include "out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool out_finish(struct error *err) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return true;
  if (errno == EPIPE)
    return error_set(err, ERROR_INPUT, "the program that reads this output has closed the pipe; let it read to the end");
  return error_set(err, ERROR_INPUT, "cannot write to stdout: %s; free some space or write elsewhere",
                   errno ? strerror(errno) : "a write failed");
}
