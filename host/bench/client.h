/* The parent's side of the worker process: starts it, asks it, replaces it when it dies or overruns. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "caps.h"
#include "error.h"
#include "interrupt.h"
#include "job.h"

struct client {
  size_t device;
  bool validation;
  struct interrupt *interrupt;
  struct caps caps;             /* as the worker told them */
  pid_t pid;                    /* 0: none is running */
  uint32_t messages;            /* of the validation layers that its answers have told so far; the caller's to count */
  int fd;
  char *line;                   /* what came so far */
  size_t used, capacity;
};

/* Starts a worker and hears what device it has. Zeroed client; stop it also after a failure. */
bool client_start(struct client *, size_t device, bool validation, struct interrupt *, struct error *);

/* Asks and waits. A worker that dies gives an answer `lost`, one that takes longer than `seconds` is killed and gives
 * `timeout`; the next question starts a new one. False: no worker can be started, or ERROR_INTERRUPTED. */
bool client_ask(struct client *, const struct job *, double seconds, struct answer *, struct error *);

void client_stop(struct client *);

#endif
