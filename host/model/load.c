/* Finding a model or task by its name, and telling the formats of model files apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "file.h"
#include "gguf.h"
#include "model.h"
#include "platform.h"
#include "text.h"

enum { MAX_FILE = 1 << 20, MAX_NAMES = 64 };

static bool ends_with(const char *name, const char *end) {
  const size_t n = strlen(name), m = strlen(end);
  return n > m && strcmp(name + n - m, end) == 0;
}

static bool is_path(const char *name) {
  return strchr(name, '/') || ends_with(name, ".json") || ends_with(name, ".gguf");
}

/* The id inside "models/llama-3.1-8b.json", false when the path lies in another folder. */
static bool embedded_id(const char *path, const char *folder, char *id, size_t size) {
  size_t prefix = strlen(folder), n = strlen(path);
  if (n < prefix + 6 || strncmp(path, folder, prefix) != 0) return false;
  snprintf(id, size, "%.*s", (int)(n - prefix - 5), path + prefix);
  return true;
}

static const struct embedded *find_embedded(const char *folder, const char *kind, const char *name, struct error *err) {
  char ids[MAX_NAMES][64];
  const char *known[MAX_NAMES];
  size_t n = 0;
  for (size_t i = 0; i < n_embedded_files && n < MAX_NAMES; i++) {
    if (!embedded_id(embedded_files[i].path, folder, ids[n], sizeof ids[n])) continue;
    if (text_equal_nocase(ids[n], name)) return &embedded_files[i];
    known[n] = ids[n];
    n++;
  }
  const char *near = text_nearest(name, known, n);
  if (near)
    error_set(err, ERROR_USAGE, "unknown %s '%s'; did you mean '%s'?", kind, name, near);
  else
    error_set(err, ERROR_USAGE, "unknown %s '%s'; `vkpareto list %ss` shows those built in, a path to a file works too",
              kind, name, kind);
  return NULL;
}

/* Reads name into `out` with `parse`; the error names the file or the id. */
static bool load(const char *folder, const char *kind, const char *name, void *out,
                 bool (*parse)(const char *, size_t, void *, struct error *), struct error *err) {
  if (!is_path(name)) {
    const struct embedded *file = find_embedded(folder, kind, name, err);
    if (!file) return false;
    return parse(file->text, file->bytes, out, err) || error_prefix(err, "%s '%s': ", kind, name);
  }
  size_t bytes;
  char *text = file_read(name, MAX_FILE, &bytes, err);
  if (!text) return false;
  bool ok = parse(text, bytes, out, err) || error_prefix(err, "%s: ", name);
  free(text);
  return ok;
}

static bool parse_model(const char *text, size_t n, void *out, struct error *err) {
  return model_parse(text, n, out, err);
}
static bool parse_task(const char *text, size_t n, void *out, struct error *err) {
  return task_parse(text, n, out, err);
}

static void *load_new(size_t size, const char *folder, const char *kind, const char *name,
                      bool (*parse)(const char *, size_t, void *, struct error *), struct error *err) {
  void *out = calloc(1, size);
  if (!out) {
    error_set(err, ERROR_MEMORY, "out of memory for a %s", kind);
    return NULL;
  }
  if (load(folder, kind, name, out, parse, err)) return out;
  free(out);
  return NULL;
}

/* ---- models' own files, told apart by what is in them */

static bool looks_like_gguf(const char *path) {
  char magic[4];
  size_t got = 0;
  int handle;
  if (platform_open(path, PLATFORM_READ, &handle)) return false;   /* whoever reads it next says why */
  const bool is = !platform_read(handle, magic, sizeof magic, &got) && gguf_is(magic, got);
  platform_close(handle);
  return is;
}

static bool load_gguf(const char *path, struct model *m, struct error *err) {
  struct gguf *g = malloc(sizeof *g);
  if (!g) return error_set(err, ERROR_MEMORY, "out of memory for a GGUF header");
  const bool ok = (gguf_read(path, g, err) && gguf_model(g, m, err)) || error_prefix(err, "%s: ", path);
  free(g);
  return ok;
}

struct model *model_load(const char *name, struct error *err) {
  if (!is_path(name) || !looks_like_gguf(name))
    return load_new(sizeof(struct model), "models/", "model", name, parse_model, err);
  struct model *m = calloc(1, sizeof *m);
  if (!m) error_set(err, ERROR_MEMORY, "out of memory for a model");
  if (m && load_gguf(name, m, err)) return m;
  free(m);
  return NULL;
}

struct task *task_load(const char *name, struct error *err) {
  return load_new(sizeof(struct task), "tasks/", "task", name, parse_task, err);
}
