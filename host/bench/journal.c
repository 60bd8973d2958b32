#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "platform.h"

enum { JOURNAL_BYTES = 256 << 20 };

struct entry { char *key; cJSON *line; };

struct journal {
  char path[4096];
  int handle;
  char run_id[33];
  struct entry *entries;   /* sorted by key */
  size_t n, capacity;
};

/* What must be the same in all parts of a run. */
static cJSON *head_to_json(const struct journal_head *head) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "schema", "vkpareto.journal/1");
  cJSON_AddStringToObject(json, "suite", head->suite);
  cJSON_AddStringToObject(json, "binary", head->binary);
  cJSON_AddStringToObject(json, "shaders", head->shaders);
  cJSON_AddStringToObject(json, "driver", head->driver);
  cJSON_AddStringToObject(json, "seed", head->seed);
  cJSON_AddStringToObject(json, "filter", head->filter ? head->filter : "");
  return json;
}

static bool check_head(struct journal *journal, const cJSON *found, const struct journal_head *head,
                       struct error *err) {
  cJSON *wanted = head_to_json(head);
  const cJSON *member;
  bool ok = json_check_schema(found, "vkpareto.journal/1", err);
  cJSON_ArrayForEach(member, wanted) {
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(found, member->string);
    if (ok && !cJSON_Compare(member, other, true))
      ok = error_set(err, ERROR_INPUT, "the unfinished run had another %s; run without --resume to start anew",
                     member->string);
  }
  cJSON_Delete(wanted);
  const char *id = ok ? json_string(found, "run_id", sizeof journal->run_id - 1, err) : NULL;
  if (id) snprintf(journal->run_id, sizeof journal->run_id, "%s", id);
  return id != NULL;
}

static int compare_entries(const void *a, const void *b) {
  return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

/* Takes the line. */
static bool add_entry(struct journal *journal, cJSON *line, struct error *err) {
  const char *key = json_string(line, "key", 1000, err);
  struct entry *grown = journal->entries;
  if (key && journal->n == journal->capacity) {
    journal->capacity = journal->capacity ? 2 * journal->capacity : 256;
    grown = realloc(journal->entries, journal->capacity * sizeof *grown);
    if (grown) journal->entries = grown;
    else error_set(err, ERROR_MEMORY, "out of memory for the journal");
  }
  if (!key || !grown) {
    cJSON_Delete(line);
    return false;
  }
  journal->entries[journal->n++] = (struct entry){(char *)key, line};
  return true;
}

/* Reads the lines; *used: bytes of whole ones. */
static bool parse_lines(struct journal *journal, const char *text, const struct journal_head *head, size_t *used,
                        struct error *err) {
  *used = 0;
  size_t number = 1;
  for (const char *end; (end = strchr(text + *used, '\n')); *used = (size_t)(end - text) + 1, number++) {
    cJSON *line = json_parse(text + *used, (size_t)(end - text) - *used, err);
    if (!line) return error_prefix(err, "line %zu is damaged; run without --resume to start anew: ", number);
    if (*used == 0) {
      bool same = check_head(journal, line, head, err);
      cJSON_Delete(line);
      if (!same) return false;
    } else if (!add_entry(journal, line, err)) {
      return false;
    }
  }
  if (journal->n) qsort(journal->entries, journal->n, sizeof *journal->entries, compare_entries);
  return true;
}

/* Takes the object. */
static bool write_line(struct journal *journal, cJSON *json, struct error *err) {
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  if (!text) return error_set(err, ERROR_MEMORY, "out of memory for the journal");
  size_t bytes = strlen(text);
  text[bytes++] = '\n';   /* in the place of the terminating 0 */
  int failed = platform_write(journal->handle, text, bytes);
  free(text);
  if (!failed) failed = platform_sync(journal->handle);
  if (!failed) return true;
  file_error(err, "write", journal->path, failed);
  return error_prefix(err, "what is measured so far is kept, and --resume goes on from there: ");
}

static bool write_head(struct journal *journal, const struct journal_head *head, struct error *err) {
  unsigned char random[16];
  platform_random(random, sizeof random);
  for (size_t i = 0; i < sizeof random; i++) sprintf(journal->run_id + 2 * i, "%02x", random[i]);
  cJSON *json = head_to_json(head);
  cJSON_AddStringToObject(json, "run_id", journal->run_id);
  return write_line(journal, json, err);
}

/* A file without a whole line is of a run that was cut off before it had anything. */
static bool read_journal(struct journal *journal, const struct journal_head *head, struct error *err) {
  size_t bytes, used;
  char *text = file_read(journal->path, JOURNAL_BYTES, &bytes, err);
  if (!text) return false;
  bool ok = parse_lines(journal, text, head, &used, err);
  free(text);
  int failed = ok && used < bytes ? platform_cut(journal->handle, used) : 0;
  if (!ok) return error_prefix(err, "%s: ", journal->path);
  if (failed) return file_error(err, "cut off the unfinished last line of", journal->path, failed);
  return used || write_head(journal, head, err);
}

/* The run that made it may still go on, on another device of the same name. */
static bool hold(struct journal *journal, struct error *err) {
  int failed = platform_lock(journal->handle, false);
  return failed != EWOULDBLOCK ||
         error_set(err, ERROR_INPUT, "%s: another run writes there, on a device of the same name; wait for it or "
                   "choose another folder with --out", journal->path);
}

static void name_begun(const struct journal *journal, char *out, size_t size) {
  snprintf(out, size, "%s.new", journal->path);
}

static bool open_old(struct journal *journal, const struct journal_head *head, struct error *err) {
  int failed = platform_open(journal->path, PLATFORM_APPEND, &journal->handle);
  if (failed == ENOENT)
    return error_set(err, ERROR_INPUT, "there is no unfinished run to go on with (no %s); leave out --resume",
                     journal->path);
  if (failed) return file_error(err, "open", journal->path, failed);
  if (!hold(journal, err)) return false;
  char begun[4096 + 8];
  name_begun(journal, begun, sizeof begun);
  platform_remove(begun);   /* of who was killed while it began anew; mostly there is none */
  return read_journal(journal, head, err);
}

/* The new head is on disk under another name before an unfinished run's journal makes room for it: what cannot be begun
 * moves nothing. */
static bool begin_new(struct journal *journal, const struct journal_head *head, struct error *err) {
  char begun[4096 + 8], kept[4096 + 32];
  name_begun(journal, begun, sizeof begun);
  int failed = platform_open(begun, PLATFORM_APPEND_NEW, &journal->handle);
  if (failed) return file_error(err, "open", begun, failed);
  if (!hold(journal, err)) return false;
  failed = platform_cut(journal->handle, 0);
  bool ok = failed ? file_error(err, "empty", begun, failed)
                   : write_head(journal, head, err) && aside_move(journal->path, kept, sizeof kept, err);
  failed = ok ? platform_rename(begun, journal->path, false) : 0;
  if (failed) ok = file_error(err, "rename", begun, failed);
  if (!ok) platform_remove(begun);
  else if (*kept)
    log_warn("an earlier run was not finished; its journal is now %s (--resume would have gone on with it)", kept);
  return ok;
}

/* An unfinished run that is not resumed is moved aside, not destroyed; one that still goes on is left alone. */
static bool open_new(struct journal *journal, const struct journal_head *head, struct error *err) {
  struct journal old = {.handle = -1};
  snprintf(old.path, sizeof old.path, "%s", journal->path);
  int failed = platform_open(old.path, PLATFORM_APPEND, &old.handle);
  if (failed && failed != ENOENT) return file_error(err, "open", old.path, failed);
  bool ok = (failed || hold(&old, err)) && begin_new(journal, head, err);
  if (old.handle >= 0) platform_close(old.handle);
  return ok;
}

struct journal *journal_open(const char *path, const struct journal_head *head, bool resume, struct error *err) {
  struct journal *journal = calloc(1, sizeof *journal);
  if (!journal) {
    error_set(err, ERROR_MEMORY, "out of memory for the journal");
    return NULL;
  }
  journal->handle = -1;
  snprintf(journal->path, sizeof journal->path, "%s", path);
  if (resume ? open_old(journal, head, err) : open_new(journal, head, err)) return journal;
  journal_close(journal, false);
  return NULL;
}

const char *journal_run_id(const struct journal *journal) { return journal->run_id; }

size_t journal_answers(const struct journal *journal) { return journal->n; }

bool journal_find(const struct journal *journal, const char *key, struct answer *answer) {
  struct entry wanted = {(char *)key, NULL};
  struct entry *found =
      journal->n ? bsearch(&wanted, journal->entries, journal->n, sizeof wanted, compare_entries) : NULL;
  struct error ignored = {0};
  return found && answer_from_json(cJSON_GetObjectItemCaseSensitive(found->line, "answer"), answer, &ignored);
}

bool journal_add(struct journal *journal, const char *key, const struct answer *answer, struct error *err) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "key", key);
  cJSON_AddItemToObject(json, "answer", answer_to_json(answer));
  return write_line(journal, json, err);
}

void journal_close(struct journal *journal, bool done) {
  if (!journal) return;
  if (done) platform_remove(journal->path);
  if (journal->handle >= 0) platform_close(journal->handle);
  for (size_t i = 0; i < journal->n; i++) cJSON_Delete(journal->entries[i].line);
  free(journal->entries);
  free(journal);
}
