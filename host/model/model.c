#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "file.h"
#include "json.h"
#include "text.h"

enum { MAX_FILE = 1 << 20, MAX_NAMES = 64 };

const char *const tensor_class_names[CLASS_COUNT] = {"qkv", "attn_out", "ffn_up", "ffn_down", "logits"};
const char *const qk_norm_names[QK_NORMS] = {"none", "head", "whole"};
const char *const rope_names[ROPES] = {"halves", "pairs"};
const char *const activation_names[ACTIVATIONS] = {"swiglu", "geglu", "gelu"};

static bool copy_string(const cJSON *root, const char *name, size_t size, char *out, struct error *err) {
  const char *text = json_string(root, name, size - 1, err);
  if (text) snprintf(out, size, "%s", text);
  return text != NULL;
}

void model_matrices(const struct model *m, struct model_matrices *out) {
  const int64_t q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim, gates = m->gated_ffn ? 2 : 1;
  const struct model_matrix all[] = {
    {CLASS_QKV, q, m->hidden, m->layers},
    {CLASS_QKV, kv, m->hidden, 2 * m->layers},
    {CLASS_ATTN_OUT, m->hidden, q, m->layers},
    {CLASS_FFN_UP, m->ffn, m->hidden, m->ffn ? gates * m->layers : 0},
    {CLASS_FFN_DOWN, m->hidden, m->ffn, m->ffn ? m->layers : 0},
    {CLASS_FFN_UP, m->expert_ffn, m->hidden, gates * m->experts * m->layers},
    {CLASS_FFN_DOWN, m->hidden, m->expert_ffn, m->experts * m->layers},
    {CLASS_LOGITS, m->vocab, m->hidden, 1},
  };
  out->n = 0;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    if (all[i].count > 0) out->at[out->n++] = all[i];
}

double model_class_params(const struct model *m, enum tensor_class class_) {
  struct model_matrices list;
  model_matrices(m, &list);
  double params = 0;
  for (size_t i = 0; i < list.n; i++)
    if (list.at[i].class_ == class_) params += (double)list.at[i].n * (double)list.at[i].k * (double)list.at[i].count;
  if (class_ == CLASS_LOGITS && !m->tied_embeddings) params *= 2;
  return params;
}

static double fixed_params(const struct model *m) {
  const double layers = (double)m->layers, hidden = (double)m->hidden;
  const double norms = hidden * (2 * layers + 1);
  const double biases = m->qkv_bias ? (double)((m->heads + 2 * m->kv_heads) * m->head_dim) * layers : 0;
  const int64_t qk_heads = m->qk_norm == QK_NORM_NONE ? 0 : m->qk_norm == QK_NORM_HEAD ? 2 : m->heads + m->kv_heads;
  return norms + biases + layers * (double)(qk_heads * m->head_dim) + layers * (double)m->experts * hidden;
}

double model_fixed_bytes(const struct model *m) { return 4 * fixed_params(m); }

/* An optional name out of n. */
static bool read_name(const cJSON *root, const char *field, const char *const names[], int n, int preset, int *out,
                      struct error *err) {
  const char *text;
  if (!json_string_or(root, field, 16, names[preset], &text, err)) return false;
  for (*out = 0; *out < n; ++*out)
    if (strcmp(text, names[*out]) == 0) return true;
  return error_set(err, ERROR_INPUT, "field '%s' is '%s'; there are %s, %s%s%s", field, text, names[0], names[1],
                   n > 2 ? ", " : "", n > 2 ? names[2] : "");
}

/* What was added to the format since its first models; left out it is as in Llama. */
static bool read_variations(const cJSON *root, struct model *m, struct error *err) {
  int qk_norm, rope, activation;
  if (!read_name(root, "qk_norm", qk_norm_names, QK_NORMS, QK_NORM_NONE, &qk_norm, err)
      || !read_name(root, "rope", rope_names, ROPES, ROPE_HALVES, &rope, err)
      || !read_name(root, "activation", activation_names, ACTIVATIONS,
                    m->gated_ffn ? ACTIVATION_SWIGLU : ACTIVATION_GELU, &activation, err))
    return false;
  m->qk_norm = (enum qk_norm)qk_norm;
  m->rope = (enum rope)rope;
  m->activation = (enum activation)activation;
  if ((m->activation != ACTIVATION_GELU) != m->gated_ffn)
    return error_set(err, ERROR_INPUT, "field 'activation': %s and gated_ffn %s contradict each other",
                     activation_names[activation], m->gated_ffn ? "true" : "false");
  return true;
}

/* ffn is the dense layer's width, and must be there where no experts are. */
static bool read_ffn(const cJSON *root, struct model *m, struct error *err) {
  if (!json_int_or(root, "experts", 0, 256, 0, &m->experts, err)) return false;
  if (m->experts == 0) return json_int(root, "ffn", 1, 1 << 22, &m->ffn, err);
  return json_int_or(root, "shared_ffn", 0, 1 << 22, 0, &m->ffn, err)
      && json_int(root, "expert_ffn", 1, 1 << 22, &m->expert_ffn, err)
      && json_int(root, "experts_per_token", 1, m->experts, &m->experts_per_token, err);
}

static bool model_read(const cJSON *root, struct model *m, struct error *err) {
  return json_check_schema(root, "vkpareto.model/1", err)
      && copy_string(root, "id", sizeof m->id, m->id, err)
      && copy_string(root, "name", sizeof m->name, m->name, err)
      && copy_string(root, "source", sizeof m->source, m->source, err)
      && json_int(root, "hidden", 1, 1 << 20, &m->hidden, err)
      && json_int(root, "layers", 1, 1 << 12, &m->layers, err)
      && json_int(root, "heads", 1, 1 << 12, &m->heads, err)
      && json_int(root, "kv_heads", 1, 1 << 12, &m->kv_heads, err)
      && json_int(root, "head_dim", 1, 1 << 12, &m->head_dim, err)
      && read_ffn(root, m, err)
      && json_int(root, "vocab", 1, 1 << 24, &m->vocab, err)
      && json_int(root, "context", 1, 1 << 26, &m->context, err)
      && json_bool_or(root, "tied_embeddings", false, &m->tied_embeddings, err)
      && json_bool_or(root, "gated_ffn", true, &m->gated_ffn, err)
      && json_bool_or(root, "qkv_bias", false, &m->qkv_bias, err)
      && read_variations(root, m, err);
}

static bool model_check(struct model *m, struct error *err) {
  if (m->heads % m->kv_heads)
    return error_set(err, ERROR_INPUT, "%lld heads cannot share %lld kv_heads evenly; kv_heads must divide heads",
                     (long long)m->heads, (long long)m->kv_heads);
  m->params = fixed_params(m);
  for (int c = 0; c < CLASS_COUNT; c++) m->params += model_class_params(m, (enum tensor_class)c);
  return true;
}

bool model_parse(const char *text, size_t bytes, struct model *m, struct error *err) {
  *m = (struct model){0};
  cJSON *root = json_parse(text, bytes, err);
  bool ok = root && model_read(root, m, err) && model_check(m, err);
  cJSON_Delete(root);
  return ok;
}

bool task_parse(const char *text, size_t bytes, struct task *t, struct error *err) {
  *t = (struct task){0};
  cJSON *root = json_parse(text, bytes, err);
  bool ok = root && json_check_schema(root, "vkpareto.task/1", err)
         && copy_string(root, "id", sizeof t->id, t->id, err)
         && copy_string(root, "title", sizeof t->title, t->title, err)
         && copy_string(root, "reason", sizeof t->reason, t->reason, err)
         && json_int(root, "prompt", 1, 1 << 24, &t->prompt, err)
         && json_int(root, "output", 1, 1 << 24, &t->output, err)
         && json_int(root, "concurrency", 1, 1024, &t->concurrency, err);
  cJSON_Delete(root);
  return ok;
}

/* ---- finding: an embedded id, or a path */

static bool is_path(const char *name) {
  size_t n = strlen(name);
  return strchr(name, '/') || (n > 5 && strcmp(name + n - 5, ".json") == 0);
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
    error_set(err, ERROR_USAGE, "unknown %s '%s'; `vkpareto list %ss` shows those built in, a path to a .json file works too",
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

static bool parse_model(const char *text, size_t n, void *out, struct error *err) { return model_parse(text, n, out, err); }
static bool parse_task(const char *text, size_t n, void *out, struct error *err) { return task_parse(text, n, out, err); }

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

struct model *model_load(const char *name, struct error *err) {
  return load_new(sizeof(struct model), "models/", "model", name, parse_model, err);
}

struct task *task_load(const char *name, struct error *err) {
  return load_new(sizeof(struct task), "tasks/", "task", name, parse_task, err);
}
