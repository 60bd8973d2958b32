#include "host_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "platform.h"

/* The rest of the first line that begins with `key`, without separators (" \t:=") and quotes; "" when there is none. */
static void find_value(const char *path, const char *key, char *out, size_t size) {
  char *text = file_read(path, 16 << 20, NULL, NULL);
  out[0] = '\0';
  for (char *line = text; line && *line;) {
    size_t length = strcspn(line, "\n");
    if (strncmp(line, key, strlen(key)) == 0 && strchr(" \t:=", line[strlen(key)])) {
      const char *value = line + strlen(key) + strspn(line + strlen(key), " \t:=\"");
      size_t n = strcspn(value, "\"\n");
      snprintf(out, size, "%.*s", (int)n, value);
      break;
    }
    line += length + (line[length] == '\n');
  }
  free(text);
}

void host_info_fill(struct result *result) {
  char memory[64];
  find_value("/etc/os-release", "PRETTY_NAME", result->host.os, sizeof result->host.os);
  platform_kernel(result->host.kernel, sizeof result->host.kernel);
  find_value("/proc/cpuinfo", "model name", result->host.cpu, sizeof result->host.cpu);
  find_value("/proc/meminfo", "MemTotal", memory, sizeof memory);
  result->host.memory = strtoull(memory, NULL, 10) * 1024;   /* the file counts in KiB */
}
