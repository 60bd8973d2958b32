#include "aside.h"

#include <errno.h>
#include <stdio.h>

#include "file.h"
#include "platform.h"

bool aside_move(const char *path, char *kept, size_t size, struct error *err) {
  int failed = EEXIST;
  for (int n = 1; failed == EEXIST; n++) {
    if (n == 1) snprintf(kept, size, "%s.old", path);
    else snprintf(kept, size, "%s.old.%d", path, n);
    failed = platform_rename(path, kept, false);
  }
  if (!failed) return true;
  kept[0] = '\0';
  return failed == ENOENT || file_error(err, "rename", path, failed);
}
