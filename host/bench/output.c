#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"

static bool try_writing(const char *journal, size_t bytes, struct error *err) {
  char path[4096 + 8];
  snprintf(path, sizeof path, "%s.trial", journal);
  char *zeros = calloc(1, bytes);
  if (!zeros) return error_set(err, ERROR_MEMORY, "out of memory for %zu bytes", bytes);
  bool ok = file_write(path, zeros, bytes, true, err);
  if (ok) unlink(path);
  free(zeros);
  return ok;
}

bool output_prepare(struct output *output, const char *folder, const struct caps *caps, const char *suite, size_t bytes,
                    struct error *err) {
  char device[3000], stem[3400];
  int length = snprintf(device, sizeof device, "%s/%s", folder, caps->slug);
  if (length < 0 || (size_t)length >= sizeof device) return error_set(err, ERROR_USAGE, "--out: the name is too long");
  snprintf(stem, sizeof stem, "%s/%s-%s", device, caps->driver_slug, suite);
  if (!file_make_folders(device, err)) return false;
  snprintf(output->journal, sizeof output->journal, "%s.journal", stem);
  snprintf(output->result, sizeof output->result, "%s.json", stem);
  snprintf(output->samples, sizeof output->samples, "%s.samples.json", stem);
  for (int n = 2; file_exists(output->result) || file_exists(output->samples); n++) {
    snprintf(output->result, sizeof output->result, "%s.%d.json", stem, n);
    snprintf(output->samples, sizeof output->samples, "%s.%d.samples.json", stem, n);
  }
  return try_writing(output->journal, bytes, err);
}
