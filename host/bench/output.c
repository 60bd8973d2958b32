#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "file.h"
#include "json.h"
#include "platform.h"

enum { FILE_BYTES = 256 << 20 };

static const char *const partial_ends[] = {".partial.json", ".partial.samples.json"};
enum { PARTIAL_ENDS = 2 };

static bool try_writing(const struct output *output, size_t bytes, struct error *err) {
  char path[3600];
  snprintf(path, sizeof path, "%s.trial", output->journal);
  char *zeros = calloc(1, bytes);
  if (!zeros) return error_set(err, ERROR_MEMORY, "out of memory for %zu bytes", bytes);
  bool ok = file_write(path, zeros, bytes, true, err);
  platform_remove(path);
  free(zeros);
  return ok;
}

bool output_prepare(struct output *output, const char *folder, const struct caps *caps, const char *suite, size_t bytes,
                    struct error *err) {
  char device[3000];
  *output = (struct output){0};
  int length = snprintf(device, sizeof device, "%s/%s", folder, caps->slug);
  if (length < 0 || (size_t)length >= sizeof device) return error_set(err, ERROR_USAGE, "--out: the name is too long");
  snprintf(output->stem, sizeof output->stem, "%s/%s-%s", device, caps->driver_slug, suite);
  snprintf(output->journal, sizeof output->journal, "%s.journal", output->stem);
  return file_make_folders(device, err) && try_writing(output, bytes, err);
}

/* Is there such a file, and of this run? Anything that cannot be read is somebody else's. */
static bool is_of_run(const char *path, const char *run_id) {
  struct error ignored = {0};
  cJSON *json = json_parse_file(path, FILE_BYTES, &ignored);
  const char *id = json ? json_string(json, "run_id", 32, &ignored) : NULL;
  bool same = id && strcmp(id, run_id) == 0;
  cJSON_Delete(json);
  return same;
}

static bool is_taken(const char *path, const char *run_id) { return file_exists(path) && !is_of_run(path, run_id); }

bool output_has_begun(const struct output *output) {
  char result[3500];
  snprintf(result, sizeof result, "%s.json", output->stem);
  return file_exists(output->journal) || file_exists(result);
}

static void name_numbered(struct output *output, int n) {
  char number[16] = "";
  if (n > 1) snprintf(number, sizeof number, ".%d", n);
  snprintf(output->result, sizeof output->result, "%s%s.json", output->stem, number);
  snprintf(output->samples, sizeof output->samples, "%s%s.samples.json", output->stem, number);
}

void output_name(struct output *output, const char *run_id) {
  int n = 1;
  do name_numbered(output, n++);
  while (is_taken(output->result, run_id) || is_taken(output->samples, run_id));
  output->written = file_exists(output->result);
  if (!output->written) platform_remove(output->samples);   /* they come before the result */
}

static bool is_alike(const struct result *result, const struct journal_head *head, const char *uuid) {
  return strcmp(result->caps.uuid, uuid) == 0 && strcmp(result->run.suite_sha256, head->suite) == 0 &&
         strcmp(result->run.seed, head->seed) == 0 && strcmp(result->tool.shaders_sha256, head->shaders) == 0;
}

struct result *output_find_whole(struct output *output, const struct journal_head *head, const char *uuid) {
  struct result *found = NULL;
  int last = 1;
  for (int n = 1; name_numbered(output, n), file_exists(output->result); n++) {
    struct error ignored = {0};
    struct result *result = result_read(output->result, &ignored);
    if (!result || !is_alike(result, head, uuid)) {
      result_free(result);
      continue;
    }
    result_free(found);
    found = result;
    last = n;
  }
  name_numbered(output, last);
  return found;
}

void output_name_partial(struct output *output) {
  output->written = false;
  snprintf(output->result, sizeof output->result, "%s%s", output->stem, partial_ends[0]);
  snprintf(output->samples, sizeof output->samples, "%s%s", output->stem, partial_ends[1]);
}

bool output_keep_partial(const struct output *output, struct error *err) {
  bool ok = true;
  for (int i = 0; ok && i < PARTIAL_ENDS; i++) {
    char path[3500], kept[3600];
    snprintf(path, sizeof path, "%s%s", output->stem, partial_ends[i]);
    ok = aside_move(path, kept, sizeof kept, err);
  }
  return ok;
}

void output_drop_partial(const struct output *output) {
  for (int i = 0; i < PARTIAL_ENDS; i++) {
    char path[3500];
    snprintf(path, sizeof path, "%s%s", output->stem, partial_ends[i]);
    platform_remove(path);
  }
}

void output_sweep(const struct output *output) {
  char begin[3500];
  snprintf(begin, sizeof begin, "%s.", output->stem);
  file_remove_temporaries(begin);
}
