/* One run per device of this machine at a time, whoever starts it and wherever it writes: two that share a device
 * measure each other. Checks may share one. The lock is a file that all users of the machine see; the kernel lets go of
 * it when the process ends, however it does. */
#ifndef DEVICE_LOCK_H
#define DEVICE_LOCK_H

#include <stdbool.h>

#include "caps.h"
#include "error.h"

/* False: another process has the device; the message names it and the remedy. Where no such file can be made, that is
 * said and nothing is locked: *handle is then -1. */
bool device_lock(const struct caps *, bool shared, int *handle, struct error *);
void device_unlock(int handle);   /* -1 is fine */

#endif
