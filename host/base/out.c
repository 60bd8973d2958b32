#include "out.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "platform.h"

int out_finish(int status) {
  errno = 0;
  bool failed = ferror(stdout) != 0;
  failed |= fflush(stdout) != 0;
  /* stdio forgets the cause of an earlier failed write, the pipe does not. */
  if (!failed || errno == EPIPE || platform_reader_has_gone()) return status;
  log_error("cannot write to stdout (%s): the output is incomplete; free space there or send it elsewhere",
            errno ? strerror(errno) : "an earlier write failed");
  return EXIT_INPUT;
}
