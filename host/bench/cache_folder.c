#include "cache_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_file.h"
#include "file.h"
#include "kernel.h"
#include "log.h"
#include "platform.h"

#define ENDING ".pipelines"
enum { KEY_DIGITS = 16 };   /* of the key in the name: the file itself has all of it */

/* The part of a file's name that is the device's. */
static size_t device_part(const char *name) {
  size_t length = strlen(name), rest = 1 + KEY_DIGITS + strlen(ENDING);
  return length > rest && strcmp(name + length - strlen(ENDING), ENDING) == 0 ? length - rest + 1 : 0;
}

static const char *name_in(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

void cache_folder_find(struct cache_folder *cache, const struct caps *caps) {
  char folder[3500], shaders[65];
  struct error ignored = {0};
  *cache = (struct cache_folder){0};
  if (!platform_cache_folder(folder, sizeof folder) || !spirv_sha256(shaders, &ignored)) return;
  cache_file_key(caps, shaders, cache->key);
  snprintf(cache->path, sizeof cache->path, "%s/%s-%s-%.*s" ENDING, folder, caps->slug, caps->uuid, KEY_DIGITS,
           cache->key);
}

void *cache_folder_load(const struct cache_folder *cache, size_t *bytes) {
  struct error err = {0};
  const char *why_not;
  size_t file_bytes;
  *bytes = 0;
  if (!*cache->path || !file_exists(cache->path)) return NULL;
  unsigned char *file =
      (unsigned char *)file_read(cache->path, CACHE_FILE_HEAD + CACHE_FOLDER_MOST, &file_bytes, &err);
  if (!file) {
    log_detail("pipelines are compiled anew: %s", err.text);
    return NULL;
  }
  const unsigned char *data = cache_file_open(cache->key, file, file_bytes, bytes, &why_not);
  if (data) {
    memmove(file, data, *bytes);
    log_detail("%zu bytes of compiled pipelines are taken from %s", *bytes, cache->path);
    return file;
  }
  log_detail("pipelines are compiled anew: %s cannot be used, %s", cache->path, why_not);
  free(file);
  return NULL;
}

struct sweep { const char *folder, *kept; };

static void remove_other(void *to, const char *name) {
  const struct sweep *sweep = to;
  char path[4096];
  size_t part = device_part(name);
  if (!part || part != device_part(sweep->kept) || strncmp(name, sweep->kept, part) != 0 || !strcmp(name, sweep->kept))
    return;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", sweep->folder, name) < sizeof path) platform_remove(path);
}

void cache_folder_save(const struct cache_folder *cache, const void *data, size_t bytes) {
  char folder[4096];
  struct error err = {0};
  size_t file_bytes;
  if (!*cache->path || !bytes || bytes > CACHE_FOLDER_MOST) return;
  snprintf(folder, sizeof folder, "%.*s", (int)(name_in(cache->path) - cache->path - 1), cache->path);
  unsigned char *file = cache_file_make(cache->key, data, bytes, &file_bytes);
  bool ok = file && file_make_folders(folder, &err) && file_write(cache->path, file, file_bytes, true, &err);
  free(file);
  if (!ok) {
    log_detail("compiled pipelines are not kept: %s", file ? err.text : "out of memory");
    return;
  }
  const char *name = name_in(cache->path);
  char begin[4096];
  snprintf(begin, sizeof begin, "%s/%.*s", folder, (int)device_part(name), name);
  file_remove_temporaries(begin);
  platform_each_entry(folder, remove_other, &(struct sweep){folder, name});
}

struct sum { const char *folder; size_t files; uint64_t bytes; };

static void add_file(void *to, const char *name) {
  struct sum *sum = to;
  char path[4096];
  int handle;
  enum platform_kind kind;
  uint64_t bytes;
  if (!device_part(name) || (size_t)snprintf(path, sizeof path, "%s/%s", sum->folder, name) >= sizeof path ||
      platform_open(path, PLATFORM_READ, &handle))
    return;
  if (!platform_examine(handle, &kind, &bytes) && kind == PLATFORM_FILE) {
    sum->files++;
    sum->bytes += bytes;
  }
  platform_close(handle);
}

bool cache_folder_measure(char *path, size_t size, size_t *files, uint64_t *bytes) {
  if (!platform_cache_folder(path, size)) return false;
  struct sum sum = {.folder = path};
  platform_each_entry(path, add_file, &sum);
  *files = sum.files;
  *bytes = sum.bytes;
  return true;
}
