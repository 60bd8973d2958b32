#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "meter_kinds.h"
#include "text.h"

enum { LINE = 64 };   /* a number of 20 digits, a driver's name */

/* At most size - 1 bytes; errno tells why not. */
static bool read_start(const char *path, char *out, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t n;
  do n = read(fd, out, size - 1);
  while (n < 0 && errno == EINTR);
  int number = errno;
  close(fd);
  errno = number;
  if (n < 0) return false;
  out[n] = '\0';
  return strlen(out) == (size_t)n || (errno = EINVAL, false);
}

static char *trim(char *text) {
  size_t n = strlen(text);
  while (n && isspace((unsigned char)text[n - 1])) text[--n] = '\0';
  return text;
}

bool sysfs_line(const char *path, char *out, size_t size) {
  char text[LINE];
  if (!read_start(path, text, sizeof text)) return false;
  text[strcspn(text, "\n")] = '\0';
  return (size_t)snprintf(out, size, "%s", trim(text)) < size;
}

bool sysfs_u64(const char *path, uint64_t *out, struct error *err) {
  char text[LINE];
  if (!read_start(path, text, sizeof text)) {
    if (errno == EACCES || errno == EPERM)
      return error_set(err, ERROR_INPUT, "'%s' may not be read by this user; run as root, or let the group of your user "
                       "read it", path);
    return file_error(err, "read", path, errno);
  }
  struct error ignored = {0};
  return text_parse_u64(trim(text), 0, UINT64_MAX, out, &ignored) ||
         error_set(err, ERROR_INPUT, "'%s' holds '%.40s', which is no whole number of 64 bits", path, text);
}

bool sysfs_hwmon(const char *sysfs, const char *pci, const char *const *names, char out[METER_PATH],
                 const char **found) {
  char folder[METER_PATH - 300], path[METER_PATH], name[LINE];
  if ((size_t)snprintf(folder, sizeof folder, "%s/bus/pci/devices/%s/hwmon", sysfs, pci) >= sizeof folder) return false;
  DIR *dir = opendir(folder);
  *found = NULL;
  for (struct dirent *entry; dir && !*found && (entry = readdir(dir));) {
    if (strncmp(entry->d_name, "hwmon", strlen("hwmon")) != 0) continue;
    snprintf(out, METER_PATH, "%s/%s", folder, entry->d_name);
    if ((size_t)snprintf(path, sizeof path, "%s/name", out) >= sizeof path || !sysfs_line(path, name, sizeof name)) continue;
    for (size_t i = 0; names[i] && !*found; i++)
      if (strcmp(name, names[i]) == 0) *found = names[i];
  }
  if (dir) closedir(dir);
  return *found != NULL;
}
