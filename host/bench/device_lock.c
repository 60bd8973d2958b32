#include "device_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "platform.h"

/* Never through a link, which anybody may have put into a folder for all, and whose target would be written to. A file
 * of another user, who may not let us write to it, can be locked all the same. */
static int open_file(const char *path, int *handle) {
  int failed = platform_open(path, PLATFORM_APPEND_NEW, handle);
  return failed == EACCES ? platform_open(path, PLATFORM_READ, handle) : failed;
}

static bool refuse(int handle, const struct caps *caps, const char *path, struct error *err) {
  char who[32] = "";
  size_t got;
  platform_read(handle, who, sizeof who - 1, &got);
  who[strspn(who, "0123456789")] = '\0';
  return error_set(err, ERROR_INPUT, "%s is in use by another vkpareto (process %s, lock %s), and two would measure "
                   "each other; wait until it has ended, or end it (kill %s)", caps->name, *who ? who : "unknown", path,
                   *who ? who : "PID");
}

static void write_holder(int handle) {
  char who[32];
  int length = snprintf(who, sizeof who, "%ld\n", platform_process_id());
  platform_cut(handle, 0);
  platform_write(handle, who, (size_t)length);   /* a file of another user keeps who had it last */
}

bool device_lock(const struct caps *caps, bool shared, int *handle, struct error *err) {
  char path[600];
  snprintf(path, sizeof path, "%.400s/vkpareto-%.80s-%s.lock", platform_shared_folder(), caps->slug, caps->uuid);
  int failed = open_file(path, handle);
  if (!failed) failed = platform_lock(*handle, shared);
  if (!failed) {
    write_holder(*handle);
    return true;
  }
  bool busy = failed == EWOULDBLOCK && *handle >= 0;
  if (busy) refuse(*handle, caps, path, err);
  else log_warn("%s cannot be locked (%s): take care that no other run uses the device", path, strerror(failed));
  device_unlock(*handle);
  *handle = -1;
  return !busy;
}

void device_unlock(int handle) {
  if (handle >= 0) platform_close(handle);
}
