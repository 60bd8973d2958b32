#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

void out_begin(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  /* A file opened later must not become stdout. The wrong access mode keeps every use of these failing. */
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* stdio forgets the cause of an earlier failed write, the pipe does not. */
static bool reader_has_gone(void) {
  struct pollfd pipe = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&pipe, 1, 0) == 1 && (pipe.revents & (POLLERR | POLLHUP));
}

int out_finish(int status) {
  errno = 0;
  bool failed = ferror(stdout) != 0;
  failed |= fflush(stdout) != 0;
  if (!failed || errno == EPIPE || reader_has_gone()) return status;
  log_error("cannot write to stdout (%s): the output is incomplete; free space there or send it elsewhere",
            errno ? strerror(errno) : "an earlier write failed");
  return EXIT_INPUT;
}
