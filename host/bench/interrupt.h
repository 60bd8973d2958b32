/* Ctrl-C and SIGTERM as something to look at between steps, instead of something that strikes. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

struct interrupt {
  int fd;            /* readable when a signal is there; -1: none could be made */
  sigset_t before;   /* the signal mask to restore, also in children */
  bool seen;
};

void interrupt_begin(struct interrupt *);
bool interrupt_seen(struct interrupt *);
void interrupt_end(struct interrupt *);

#endif
