#include "interrupt.h"

#include <sys/signalfd.h>
#include <unistd.h>

void interrupt_begin(struct interrupt *interrupt) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, &interrupt->before);
  interrupt->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  interrupt->seen = false;
  if (interrupt->fd < 0) sigprocmask(SIG_SETMASK, &interrupt->before, NULL); /* then Ctrl-C ends the program, as ever */
}

bool interrupt_seen(struct interrupt *interrupt) {
  struct signalfd_siginfo info;
  if (interrupt->fd >= 0 && read(interrupt->fd, &info, sizeof info) == (ssize_t)sizeof info) interrupt->seen = true;
  return interrupt->seen;
}

void interrupt_end(struct interrupt *interrupt) {
  interrupt_seen(interrupt);   /* one that came late is taken, or it would strike now */
  if (interrupt->fd >= 0) close(interrupt->fd);
  sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
}
