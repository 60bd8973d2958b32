/* A file of compiled pipelines: what is opened is the whole file that was made for this key, byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "cache_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char key[65] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const char *why_not;
  size_t bytes, again;
  const unsigned char *opened = cache_file_open(key, data, size, &bytes, &why_not);
  PROMISE(!opened == !!why_not);
  unsigned char *made = opened ? cache_file_make(key, opened, bytes, &again) : NULL;
  PROMISE(!opened || (again == size && memcmp(made, data, size) == 0));
  free(made);
  made = cache_file_make(key, data, size, &again);   /* whatever a driver gives comes back */
  opened = cache_file_open(key, made, again, &bytes, &why_not);
  PROMISE(opened && bytes == size && memcmp(opened, data, size) == 0);
  free(made);
  return 0;
}
