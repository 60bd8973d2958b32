/* GGUF metadata -> a model. Keys: the section on standardized metadata in docs/gguf.md, and those of MLA and experts in
 * ggml-org/llama.cpp src/llama-arch.cpp. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "architecture.h"
#include "gguf.h"
#include "text.h"

/* A whole number within [min, max], the same in all layers where it is an array. preset -1: it must be there. */
static bool read_int(const struct gguf *g, const char *arch, const char *name, int64_t min, int64_t max, int64_t preset,
                     int64_t *out, struct error *err) {
  char full[2 * GGUF_NAME];
  snprintf(full, sizeof full, "%s.%s", arch, name);
  const struct gguf_key *key = gguf_find(g, full);
  *out = preset;
  if (!key) return preset >= 0 || error_set(err, ERROR_INPUT, "GGUF key '%s' is missing", full);
  if (isnan(key->low)) return error_set(err, ERROR_INPUT, "GGUF key '%s' is not a number", full);
  if (key->low != key->high)
    return error_set(err, ERROR_UNSUPPORTED, "GGUF key '%s' differs between layers (%g to %g); here they must be alike",
                     full, key->low, key->high);
  if (!(key->low >= (double)min && key->low <= (double)max) || key->low != floor(key->low))
    return error_set(err, ERROR_INPUT, "GGUF key '%s' is %g; %lld to %lld is possible", full, key->low, (long long)min,
                     (long long)max);
  *out = (int64_t)key->low;
  return true;
}

/* Writers of the absorbed form state the sizes of the latent as key_length and those of the heads as key_length_mla. */
static bool read_mla(const struct gguf *g, const char *arch, struct model *m, struct error *err) {
  struct mla *a = &m->mla;
  int64_t key, value;
  if (!read_int(g, arch, "attention.kv_lora_rank", 1, 1 << 16, 0, &a->kv_rank, err)) return false;
  if (a->kv_rank == 0) return true;
  if (!read_int(g, arch, "attention.q_lora_rank", 0, 1 << 16, 0, &a->q_rank, err)
      || !read_int(g, arch, "attention.key_length", 1, 1 << 12, -1, &key, err)
      || !read_int(g, arch, "attention.value_length", 1, 1 << 12, -1, &value, err)
      || !read_int(g, arch, "attention.key_length_mla", 1, 1 << 12, key, &key, err)
      || !read_int(g, arch, "attention.value_length_mla", 1, 1 << 12, value, &a->v, err)
      || !read_int(g, arch, "rope.dimension_count", 1, 1 << 12, -1, &a->rope, err))
    return false;
  if (a->rope >= key)
    return error_set(err, ERROR_INPUT, "GGUF: %lld positioned elements in heads of %lld", (long long)a->rope,
                     (long long)key);
  a->nope = key - a->rope;
  m->head_dim = key;
  m->kv_heads = m->heads;
  return true;
}

static bool read_heads(const struct gguf *g, const char *arch, struct model *m, struct error *err) {
  if (!read_int(g, arch, "embedding_length", 1, 1 << 20, -1, &m->hidden, err)
      || !read_int(g, arch, "block_count", 1, 1 << 12, -1, &m->layers, err)
      || !read_int(g, arch, "attention.head_count", 1, 1 << 12, -1, &m->heads, err)
      || !read_int(g, arch, "attention.head_count_kv", 1, 1 << 12, m->heads, &m->kv_heads, err)
      || !read_int(g, arch, "attention.key_length", 1, 1 << 12, 0, &m->head_dim, err))
    return false;
  if (m->head_dim > 0) return true;
  if (m->hidden % m->heads)
    return error_set(err, ERROR_INPUT, "GGUF: embedding_length %lld is not a multiple of %lld heads",
                     (long long)m->hidden, (long long)m->heads);
  m->head_dim = m->hidden / m->heads;
  return true;
}

static bool read_ffn(const struct gguf *g, const char *arch, struct model *m, struct error *err) {
  int64_t shared, ffn;
  if (!read_int(g, arch, "feed_forward_length", 0, 1 << 22, 0, &ffn, err)
      || !read_int(g, arch, "expert_count", 0, 256, 0, &m->experts, err))
    return false;
  m->ffn = ffn;
  m->dense_layers = m->layers;
  if (m->experts == 0) return true;
  if (!read_int(g, arch, "expert_used_count", 1, m->experts, -1, &m->experts_per_token, err)
      || !read_int(g, arch, "expert_feed_forward_length", 1, 1 << 22, ffn, &m->expert_ffn, err)
      || !read_int(g, arch, "expert_shared_count", 0, 256, 0, &shared, err)
      || !read_int(g, arch, "leading_dense_block_count", 0, m->layers - 1, 0, &m->dense_layers, err))
    return false;
  m->shared_ffn = shared * m->expert_ffn;
  if (m->dense_layers == 0) m->ffn = 0;
  return true;
}

/* An array of the layers' kinds where there is one, else the architecture's rule. */
static bool read_windows(const struct gguf *g, const char *arch, const struct architecture *a, struct model *m,
                         struct error *err) {
  char name[2 * GGUF_NAME];
  snprintf(name, sizeof name, "%s.attention.sliding_window_pattern", arch);
  const struct gguf_key *pattern = gguf_find(g, name);
  if (!read_int(g, arch, "attention.sliding_window", 0, 1 << 26, 0, &m->window, err)) return false;
  const bool listed = pattern && pattern->count == (uint64_t)m->layers && pattern->high <= 1;
  m->window_layers = m->window == 0 ? 0 : listed ? (int64_t)pattern->sum : architecture_windows(a, m->layers);
  if (m->window_layers == 0) m->window = 0;
  return true;
}

static bool read_vocab(const struct gguf *g, const char *arch, struct model *m, struct error *err) {
  const struct gguf_key *tokens = gguf_find(g, "tokenizer.ggml.tokens");
  const uint64_t rows = g->vocab ? g->vocab : tokens ? tokens->count : 0;
  if (rows > 1 << 24) return error_set(err, ERROR_INPUT, "GGUF: a vocabulary of %llu tokens", (unsigned long long)rows);
  return read_int(g, arch, "vocab_size", 1, 1 << 24, rows ? (int64_t)rows : -1, &m->vocab, err);
}

/* "Q4_K 90 %, Q6_K 10 %": what the weights are now, the largest first. */
static void types_text(const struct gguf *g, char *out, size_t size) {
  double left[GGUF_TYPES];
  memcpy(left, g->type_bytes, sizeof left);
  out[0] = '\0';
  for (size_t used = 0, n = 0; n < 4 && used < size - 1; n++) {
    uint32_t most = 0;
    for (uint32_t t = 1; t < GGUF_TYPES; t++)
      if (left[t] > left[most]) most = t;
    if (left[most] <= 0) return;
    const int wrote = snprintf(out + used, size - used, "%s%s %.0f %%", used ? ", " : "", gguf_type_name(most),
                               100 * left[most] / g->bytes);
    used += wrote > 0 ? (size_t)wrote : 0;
    left[most] = 0;
  }
}

static void describe(const struct gguf *g, struct model *m) {
  const struct gguf_key *name = gguf_find(g, "general.name"), *split = gguf_find(g, "split.count");
  char types[128], bytes[32];
  types_text(g, types, sizeof types);
  text_bytes(g->bytes, bytes, sizeof bytes);
  if (name && name->text[0]) snprintf(m->name, sizeof m->name, "%s", name->text);
  text_slug(m->name, m->id, sizeof m->id);
  snprintf(m->source, sizeof m->source, "GGUF header, version %u: %llu tensors of %.0f parameters in %s (%s)",
           g->version, (unsigned long long)g->n_tensors, g->params, bytes, types);
  const bool whole = !split || !(split->high > 1);
  if (g->n_tensors > 0 && whole) m->published_params = g->params;
  if (g->n_tensors > 0 && whole && !(fabs(m->params / g->params - 1) <= 0.02)) {
    char note[128];
    snprintf(note, sizeof note, "the file's %.4g parameters, where the dimensions lead to %.4g", g->params, m->params);
    model_note(m, note);
  }
}

bool gguf_model(const struct gguf *g, struct model *m, struct error *err) {
  const struct gguf_key *arch = gguf_find(g, "general.architecture");
  *m = (struct model){.published_params = NAN};
  if (!arch || !arch->text[0])
    return error_set(err, ERROR_INPUT, "GGUF key 'general.architecture' is missing; is it a model?");
  const struct architecture *a = architecture_of_gguf(arch->text, err);
  if (!a) return false;
  architecture_apply(a, m);
  snprintf(m->name, sizeof m->name, "%s", a->gguf);
  m->tied_embeddings = g->n_tensors ? !g->has_output : a->tied;
  m->qkv_bias = g->n_tensors ? g->has_qkv_bias : a->qkv_bias;
  if (g->has_q_norm && m->qk_norm == QK_NORM_NONE) m->qk_norm = QK_NORM_HEAD;
  if (!read_heads(g, a->gguf, m, err) || !read_mla(g, a->gguf, m, err) || !read_ffn(g, a->gguf, m, err)
      || !read_windows(g, a->gguf, a, m, err) || !read_vocab(g, a->gguf, m, err)
      || !read_int(g, a->gguf, "context_length", 1, 1 << 26, -1, &m->context, err) || !model_finish(m, err))
    return false;
  describe(g, m);
  return true;
}
