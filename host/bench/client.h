/* The parent's side of the worker process: starts it, asks it, replaces it when it dies or overruns. Nothing that it
 * says is believed unseen: it holds a driver, and drivers write where they should not. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caps.h"
#include "error.h"
#include "interrupt.h"
#include "job.h"
#include "platform.h"

struct client {
  size_t device;
  bool validation;
  struct interrupt *interrupt;
  struct caps caps;                  /* as the first worker told them; one that has another device is refused */
  struct platform_process process;   /* id 0: none is running */
  uint32_t messages;                 /* of the validation layers, as its answers told so far; the caller's to count */
  bool anew;                         /* one has died: what follows takes no compiled pipelines of earlier processes */
  uint32_t asked;                    /* questions so far: an answer repeats the number of its question */
  char *line;                        /* what came so far */
  size_t used, capacity;
};

/* Starts a worker and hears what device it has; ERROR_NO_DEVICE when that has not this UUID (NULL: any will do). Zeroed
 * client; stop it also after a failure. */
bool client_start(struct client *, size_t device, const char *uuid, bool validation, struct interrupt *,
                  struct error *);

/* Asks and waits. A worker that dies or talks nonsense gives an answer `lost`, one that takes longer than `seconds` is
 * killed and gives `timeout`; the next question starts a new one. False: no worker can be started, or the device has
 * gone, or ERROR_INTERRUPTED. */
bool client_ask(struct client *, const struct job *, double seconds, struct answer *, struct error *);

/* Has the worker try what memory the device gives, and takes into the caps what came of it; a trial that fails leaves
 * the reason there and costs nothing else. False as client_ask. */
bool client_try_limits(struct client *, struct error *);

void client_stop(struct client *);

/* The devices of this machine, as a worker lists them: a driver that crashes or hangs while it is asked what it has is
 * an error with the remedy. No device at all is success. */
bool client_devices(struct caps *out, size_t max, size_t *n, struct error *);
/* Opens a device in a worker, as a run does: the caps then say what came of testing its clock and, unless another run
 * has the device, of trying its limits. */
bool client_examine(size_t device, struct caps *, struct error *);

#endif
