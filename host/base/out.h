/* Data goes to stdout with stdio; whether it arrived is asked once, at the end of a verb. */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>

#include "error.h"

/* Flushes stdout. False when any of it was lost: a closed pipe (the program ignores SIGPIPE), a full disk. */
bool out_finish(struct error *);

#endif
