#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "meter_kinds.h"
#include "platform.h"
#include "text.h"

enum { LINE = 64 };   /* a number of 20 digits, a driver's name */

/* At most size - 1 bytes. An error number: EINVAL for what is no text. */
static int read_start(const char *path, char *out, size_t size) {
  int handle;
  size_t n = 0;
  int number = platform_open(path, PLATFORM_READ, &handle);
  if (number) return number;
  number = platform_read(handle, out, size - 1, &n);
  platform_close(handle);
  out[n] = '\0';
  return number ? number : strlen(out) == n ? 0 : EINVAL;
}

static char *trim(char *text) {
  size_t n = strlen(text);
  while (n && isspace((unsigned char)text[n - 1])) text[--n] = '\0';
  return text;
}

bool sysfs_line(const char *path, char *out, size_t size) {
  char text[LINE];
  if (read_start(path, text, sizeof text)) return false;
  text[strcspn(text, "\n")] = '\0';
  return (size_t)snprintf(out, size, "%s", trim(text)) < size;
}

bool sysfs_u64(const char *path, uint64_t *out, struct error *err) {
  char text[LINE];
  const int number = read_start(path, text, sizeof text);
  if (number == EACCES || number == EPERM)
    return error_set(err, ERROR_INPUT, "'%s' may not be read by this user; run as root, or let a group of yours "
                     "read it", path);
  if (number) return file_error(err, "read", path, number);
  struct error ignored = {0};
  return text_parse_u64(trim(text), 0, UINT64_MAX, out, &ignored) ||
         error_set(err, ERROR_INPUT, "'%s' holds '%.40s', which is no whole number of 64 bits", path, text);
}

struct search { const char *folder, *const *names, *found; char *out; };

static void look_at(void *of, const char *entry) {
  struct search *search = of;
  char path[METER_PATH], name[LINE];
  if (search->found || strncmp(entry, "hwmon", strlen("hwmon")) != 0 ||
      snprintf(path, sizeof path, "%s/%s/name", search->folder, entry) >= (int)sizeof path ||
      !sysfs_line(path, name, sizeof name))
    return;
  for (size_t i = 0; search->names[i]; i++)
    if (strcmp(name, search->names[i]) == 0) search->found = search->names[i];
  snprintf(search->out, METER_PATH, "%s/%s", search->folder, entry);
}

bool sysfs_hwmon(const char *sysfs, const char *pci, const char *const *names, char out[METER_PATH],
                 const char **found) {
  char folder[METER_PATH];
  struct search search = {.folder = folder, .names = names, .out = out};
  if (snprintf(folder, sizeof folder, "%s/bus/pci/devices/%s/hwmon", sysfs, pci) < (int)sizeof folder)
    platform_each_entry(folder, look_at, &search);
  *found = search.found;
  return search.found != NULL;
}
