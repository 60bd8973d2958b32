/* Ctrl-C and SIGTERM as something to look at between steps, instead of something that strikes. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

#include "error.h"

struct interrupt {
  int handle;   /* for platform_wait */
  bool seen;
};

void interrupt_begin(struct interrupt *);
bool interrupt_seen(struct interrupt *);
/* What is to come of work that has ended `ok`: one that was seen, however late, makes it ERROR_INTERRUPTED, so that
 * whoever called begins nothing more. An error that the work ended with keeps its words. */
bool interrupt_end(struct interrupt *, bool ok, struct error *);

#endif
