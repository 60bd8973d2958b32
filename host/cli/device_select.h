/* SEL of the command line: which devices a verb works on. Digits are the index in `vkpareto devices`, 32 hex digits the
 * UUID, anything else a case-insensitive part of name, driver or vendor id (as `devices` prints it). NULL is the first,
 * which is the best. */
#ifndef DEVICE_SELECT_H
#define DEVICE_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "caps.h"
#include "error.h"
#include "gpu.h"

/* Writes the indices of the selected devices, at most n_devices. accept_all: "all" selects every one. No device or no
 * match is ERROR_NO_DEVICE, several matches are ERROR_USAGE; both list what is there. */
bool device_select(const char *selector, bool accept_all, const struct caps *devices, size_t n_devices, size_t *index,
                   size_t *n, struct error *);

/* The same among the devices of this machine. */
struct selection {
  struct { size_t index; char uuid[33]; } device[GPU_MAX_DEVICES];
  size_t n;
};
bool device_select_here(const char *selector, struct selection *, struct error *);

/* Works on one device after the other: one that fails is named with the reason and does not stop the others, but an
 * interrupt and a mistake on the command line do. The exit status is that of the first device that did not succeed.
 * `work` gives the status of one device, or false with the error. */
int selection_each(const struct selection *, const struct args *,
                   bool (*work)(void *context, size_t index, const char *uuid, int *status, struct error *),
                   void *context);

#endif
