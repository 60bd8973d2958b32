/* A result: what is taken is in its ranges, and writing it and reading that back changes nothing more. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "fuzz.h"
#include "result.h"

enum { FILE_BYTES = 64 << 20 };

static void check_row(const struct result_row *row) {
  PROMISE(row->id && row->op && row->technique && row->variant);
  PROMISE(row->status < STATUS_COUNT && row->mode < MODE_COUNT && row->n_tuning <= KERNEL_TUNABLES);
  PROMISE(status_has_time(row->status) ? row->time.median > 0 && isfinite(row->time.median) : row->reason != NULL);
  for (size_t d = 0; row->family && d < row->family->n_dims; d++)
    PROMISE(row->dim[d] >= row->family->dims[d].min && row->dim[d] <= row->family->dims[d].max);
}

/* The bytes that a result is written as. Free with free(). */
static char *written(const struct result *result) {
  struct error err = {0};
  size_t bytes;
  char path[128];
  snprintf(path, sizeof path, "%s/written.json", fuzz_folder());
  bool ok = result_write(result, path, false, &err);
  char *text = ok ? file_read(path, FILE_BYTES, &bytes, &err) : NULL;
  if (!text) fprintf(stderr, "%s\n", err.text);
  PROMISE(text);
  unlink(path);
  return text;
}

static void check_rewritten(const struct result *result) {
  struct error err = {0};
  char *first = written(result);
  struct result *again = result_read(fuzz_file(1, first, strlen(first)), &err);
  if (!again) fprintf(stderr, "%s\n", err.text);
  PROMISE(again);
  char *second = written(again);
  PROMISE(strcmp(first, second) == 0);
  result_free(again);
  free(first);
  free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct error err = {0};
  struct result *result = result_read(fuzz_file(0, data, size), &err);
  fuzz_check_error(result, &err);
  if (!result) return 0;
  PROMISE(result->caps.type < DEVICE_TYPES && result->caps.n_heaps <= CAPS_HEAPS);
  PROMISE(result->ceilings.n_flops <= RESULT_CEILINGS);
  for (size_t i = 0; i < result->n_rows; i++) check_row(&result->rows[i]);
  check_rewritten(result);
  result_free(result);
  return 0;
}
