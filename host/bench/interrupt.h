/* Ctrl-C and SIGTERM as something to look at between steps, instead of something that strikes. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

struct interrupt {
  int handle;   /* for platform_wait */
  bool seen;
};

void interrupt_begin(struct interrupt *);
bool interrupt_seen(struct interrupt *);
void interrupt_end(struct interrupt *);   /* one that came late is dropped */

#endif
