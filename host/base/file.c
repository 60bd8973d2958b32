#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

static const char *remedy(int number) {
  switch (number) {
    case ENOENT: return "check the name and that its folder exists";
    case EACCES:
    case EPERM: return "change its permissions or name another place";
    case EISDIR: return "name a file in it";
    case ENOTDIR: return "a part of the path is a file; name another place";
    case EEXIST: return "nothing was overwritten; remove it or name another file";
    case ENOSPC:
    case EDQUOT: return "free some space or name another place";
    case EFBIG: return "raise the limit (ulimit -f) or name another file system";
    case EROFS: return "name a place that can be written to";
    case ENAMETOOLONG: return "choose a shorter name";
    case ELOOP: return "its symbolic links go in a circle";
    case EMFILE:
    case ENFILE: return "raise the limit (ulimit -n)";
    case EIO: return "the disk or the network file system is at fault";
    default: return "check the path";
  }
}

bool file_error(struct error *err, const char *doing, const char *path, int number) {
  return error_set(err, number == ENOMEM ? ERROR_MEMORY : ERROR_INPUT, "cannot %s '%s': %s; %s", doing, path,
                   strerror(number), remedy(number));
}

static bool check_regular(int handle, const char *path, size_t max_bytes, struct error *err) {
  enum platform_kind kind;
  uint64_t bytes;
  int failed = platform_examine(handle, &kind, &bytes);
  if (failed || kind == PLATFORM_FOLDER) return file_error(err, "read", path, failed ? failed : EISDIR);
  if (kind != PLATFORM_FILE)
    return error_set(err, ERROR_INPUT, "cannot read '%s': it is not a regular file; copy its content into one", path);
  return bytes <= max_bytes || error_set(err, ERROR_INPUT, "'%s' has %llu bytes, at most %zu are read; is it the right "
                                         "file?", path, (unsigned long long)bytes, max_bytes);
}

/* Grows *data so that a byte more and the terminating 0 fit. */
static bool reserve(char **data, size_t used, size_t *capacity) {
  if (*capacity - used >= 2) return true;
  size_t wanted = *capacity ? 2 * *capacity : 16384;
  char *grown = realloc(*data, wanted);
  if (!grown) return false;
  *data = grown;
  *capacity = wanted;
  return true;
}

char *file_read(const char *path, size_t max_bytes, size_t *bytes, struct error *err) {
  char *data = NULL;
  size_t used = 0, capacity = 0;
  int handle, failed = platform_open(path, PLATFORM_READ, &handle);
  if (failed) {
    file_error(err, "read", path, failed);
    return NULL;
  }
  if (!check_regular(handle, path, max_bytes, err)) goto error;
  for (size_t got = 1; got; used += got) {   /* until the end, since files under /proc tell no size */
    if (!reserve(&data, used, &capacity)) failed = ENOMEM;
    else failed = platform_read(handle, data + used, capacity - used - 1, &got);
    if (failed) {
      file_error(err, "read", path, failed);
      goto error;
    }
    if (used + got > max_bytes) {
      error_set(err, ERROR_INPUT, "'%s' is longer than %zu bytes; is it the right file?", path, max_bytes);
      goto error;
    }
  }
  platform_close(handle);
  data[used] = '\0';
  if (bytes) *bytes = used;
  return data;

error:
  platform_close(handle);
  free(data);
  return NULL;
}

#define TEMPORARY ".tmp"

/* 0, or the error number. */
static int create_temporary(const char *path, char *temporary, size_t size, int *handle) {
  int failed = EEXIST;
  for (int attempt = 0; attempt < 100 && failed == EEXIST; attempt++) {
    int wrote = snprintf(temporary, size, "%s" TEMPORARY "%ld-%d", path, platform_process_id(), attempt);
    failed = wrote < 0 || (size_t)wrote >= size ? ENAMETOOLONG : platform_open(temporary, PLATFORM_CREATE, handle);
  }
  return failed;
}

/* The folder that a path lies in; returns the name within it. */
static const char *split(const char *path, char folder[4096]) {
  const char *slash = strrchr(path, '/');
  snprintf(folder, 4096, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
  return slash ? slash + 1 : path;
}

/* As create_temporary names them, to the last character: who chose the name of a file may have chosen such letters. */
static bool is_temporary(const char *name) {
  static const char digits[] = "0123456789";
  const size_t mark = strlen(TEMPORARY);
  for (const char *at = name; (at = strstr(at, TEMPORARY)); at += mark) {
    size_t process = strspn(at + mark, digits);
    const char *attempt = at + mark + process + 1;
    if (process && attempt[-1] == '-' && *attempt && !attempt[strspn(attempt, digits)]) return true;
  }
  return false;
}

struct sweep { const char *folder, *begin; };

static void remove_temporary(void *to, const char *name) {
  const struct sweep *sweep = to;
  char path[4096];
  if (strncmp(name, sweep->begin, strlen(sweep->begin)) != 0 || !is_temporary(name)) return;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", sweep->folder, name) < sizeof path) platform_remove(path);
}

void file_remove_temporaries(const char *path_begin) {
  char folder[4096];
  const char *begin = split(path_begin, folder);
  platform_each_entry(folder, remove_temporary, &(struct sweep){folder, begin});
}

static bool write_into(const char *path, const void *data, size_t bytes, struct error *err) {
  int handle, failed = platform_open(path, PLATFORM_WRITE, &handle);
  if (failed) return file_error(err, "write", path, failed);
  failed = platform_write(handle, data, bytes);
  const int unclosed = platform_close(handle);
  return (!failed && !unclosed) || file_error(err, "write", path, failed ? failed : unclosed);
}

bool file_write(const char *path, const void *data, size_t bytes, bool replace, struct error *err) {
  char temporary[4096], folder[4096];
  int handle;
  if (platform_kind(path) == PLATFORM_FOLDER) return file_error(err, "write", path, EISDIR);
  if (replace && platform_kind(path) == PLATFORM_OTHER) return write_into(path, data, bytes, err);
  int failed = create_temporary(path, temporary, sizeof temporary, &handle);
  if (failed) return file_error(err, "write", path, failed);
  failed = platform_write(handle, data, bytes);
  if (!failed) failed = platform_sync(handle);
  int unclosed = platform_close(handle);
  if (!failed) failed = unclosed;
  if (!failed) failed = platform_rename(temporary, path, replace);
  if (failed) {
    platform_remove(temporary);
    return file_error(err, "write", path, failed);
  }
  split(path, folder);
  platform_sync_folder(folder);
  return true;
}

static bool make_folder(const char *path, struct error *err) {
  int failed = platform_make_folder(path);
  enum platform_kind kind = failed ? platform_kind(path) : PLATFORM_FOLDER;
  if (kind == PLATFORM_FOLDER) return true;
  return file_error(err, "make the folder", path, kind == PLATFORM_NOTHING ? failed : ENOTDIR);
}

bool file_make_folders(const char *path, struct error *err) {
  char part[4096];
  size_t length = strlen(path);
  if (length >= sizeof part) return file_error(err, "make the folder", path, ENAMETOOLONG);
  memcpy(part, path, length + 1);
  for (size_t i = 1; i < length; i++) {
    if (part[i] != '/' || part[i - 1] == '/') continue;
    part[i] = '\0';
    if (!make_folder(part, err)) return false;
    part[i] = '/';
  }
  return make_folder(part, err);
}

bool file_exists(const char *path) {
  return platform_kind(path) != PLATFORM_NOTHING;
}
