#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "log.h"

enum { JOURNAL_BYTES = 256 << 20 };

struct entry { char *key; cJSON *line; };

struct journal {
  char path[4096];
  int fd;
  struct entry *entries;   /* sorted by key */
  size_t n, capacity;
};

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

static bool check_head(const cJSON *found, const struct journal_head *head, struct error *err) {
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
  return ok;
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
  for (const char *end; (end = strchr(text + *used, '\n')); *used = (size_t)(end - text) + 1) {
    cJSON *line = json_parse(text + *used, (size_t)(end - text) - *used, err);
    if (!line) return false;
    if (*used == 0) {
      bool same = check_head(line, head, err);
      cJSON_Delete(line);
      if (!same) return false;
    } else if (!add_entry(journal, line, err)) {
      return false;
    }
  }
  if (journal->n) qsort(journal->entries, journal->n, sizeof *journal->entries, compare_entries);
  return true;
}

static bool read_journal(struct journal *journal, const struct journal_head *head, struct error *err) {
  size_t bytes, used;
  char *text = file_read(journal->path, JOURNAL_BYTES, &bytes, err);
  if (!text) return false;
  bool ok = parse_lines(journal, text, head, &used, err);
  if (ok && used == 0) ok = error_set(err, ERROR_INPUT, "the file is empty; run without --resume");
  if (ok && used < bytes && ftruncate(journal->fd, (off_t)used) < 0)
    ok = error_set(err, ERROR_INPUT, "cannot cut off the unfinished last line: %s", strerror(errno));
  free(text);
  return ok || error_prefix(err, "%s: ", journal->path);
}

static bool write_line(struct journal *journal, cJSON *json, struct error *err) {
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  if (!text) return error_set(err, ERROR_MEMORY, "out of memory for the journal");
  size_t bytes = strlen(text), done = 0;
  text[bytes++] = '\n';
  while (done < bytes) {
    ssize_t n = write(journal->fd, text + done, bytes - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += (size_t)n;
  }
  free(text);
  if (done < bytes || (fsync(journal->fd) < 0 && errno != EINVAL))   /* EINVAL: a file system that cannot sync */
    return error_set(err, ERROR_INPUT, "%s: cannot write: %s; make room or choose another folder with --out",
                     journal->path, strerror(errno));
  return true;
}

/* An unfinished run that is not resumed is moved aside, not destroyed. */
static bool move_aside(const char *path, struct error *err) {
  if (!file_exists(path)) return true;
  char old[4096 + 8];
  snprintf(old, sizeof old, "%s.old", path);
  if (rename(path, old) < 0) return error_set(err, ERROR_INPUT, "%s: cannot rename: %s", path, strerror(errno));
  log_warn("an earlier run was not finished; its journal is now %s (--resume would have gone on with it)", old);
  return true;
}

static bool lock(struct journal *journal, int flags, struct error *err) {
  journal->fd = open(journal->path, flags | O_RDWR | O_APPEND | O_CLOEXEC, 0644);
  if (journal->fd < 0) {
    const char *remedy = errno == ENOENT ? "there is no unfinished run to resume; leave out --resume"
                                         : "choose a writable folder with --out";
    return error_set(err, ERROR_INPUT, "%s: cannot open: %s; %s", journal->path, strerror(errno), remedy);
  }
  if (flock(journal->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
    return error_set(err, ERROR_INPUT, "%s: another run of this suite on this device is going on; wait for it",
                     journal->path);
  return true;
}

/* Another run may hold the file that would be moved aside. */
static bool check_unlocked(const char *path, struct error *err) {
  int fd = open(path, O_RDWR | O_CLOEXEC);
  bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
  if (fd >= 0) close(fd);
  return !busy ||
         error_set(err, ERROR_INPUT, "%s: another run of this suite on this device is going on; wait for it", path);
}

struct journal *journal_open(const char *path, const struct journal_head *head, bool resume, struct error *err) {
  struct journal *journal = calloc(1, sizeof *journal);
  if (!journal) {
    error_set(err, ERROR_MEMORY, "out of memory for the journal");
    return NULL;
  }
  journal->fd = -1;
  snprintf(journal->path, sizeof journal->path, "%s", path);
  bool ok = resume ? lock(journal, 0, err) && read_journal(journal, head, err)
                   : check_unlocked(path, err) && move_aside(path, err) && lock(journal, O_CREAT | O_EXCL, err) &&
                         write_line(journal, head_to_json(head), err);
  if (ok) return journal;
  journal_close(journal, false);
  return NULL;
}

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
  if (done) unlink(journal->path);
  if (journal->fd >= 0) close(journal->fd);
  for (size_t i = 0; i < journal->n; i++) cJSON_Delete(journal->entries[i].line);
  free(journal->entries);
  free(journal);
}
