#include "hf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "architecture.h"
#include "json.h"
#include "text.h"

bool hf_is_config(const cJSON *root) {
  return cJSON_HasObjectItem(root, "architectures") || cJSON_HasObjectItem(root, "model_type");
}

static const struct architecture *read_architecture(const cJSON *root, struct model *m, struct error *err) {
  const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "architectures"), 0);
  if (!cJSON_IsString(first)) {
    error_set(err, ERROR_INPUT, "field 'architectures' is missing: it names the model's class");
    return NULL;
  }
  const struct architecture *a = architecture_of_hf(first->valuestring, err);
  if (!a) return NULL;
  snprintf(m->name, sizeof m->name, "%s", a->hf);
  text_slug(a->hf, m->id, sizeof m->id);
  snprintf(m->source, sizeof m->source, "a config.json of %s", a->hf);
  architecture_apply(a, m);
  return a;
}

static bool read_heads(const cJSON *root, struct model *m, struct error *err) {
  if (!json_int(root, "hidden_size", 1, 1 << 20, &m->hidden, err)
      || !json_int(root, "num_hidden_layers", 1, 1 << 12, &m->layers, err)
      || !json_int(root, "num_attention_heads", 1, 1 << 12, &m->heads, err)
      || !json_int_or(root, "num_key_value_heads", 1, 1 << 12, m->heads, &m->kv_heads, err)
      || !json_int_or(root, "head_dim", 1, 1 << 12, 0, &m->head_dim, err))
    return false;
  if (m->head_dim > 0) return true;
  if (m->hidden % m->heads)
    return error_set(err, ERROR_INPUT, "hidden_size %lld is not a multiple of %lld heads, and no head_dim is given",
                     (long long)m->hidden, (long long)m->heads);
  m->head_dim = m->hidden / m->heads;
  return true;
}

static bool read_experts(const cJSON *root, const struct architecture *a, struct model *m, struct error *err) {
  int64_t shared, step;
  const cJSON *except = cJSON_GetObjectItemCaseSensitive(root, "mlp_only_layers");
  if (!json_int(root, a->experts, 1, 256, &m->experts, err)
      || !json_int(root, a->expert_ffn, 1, 1 << 22, &m->expert_ffn, err)
      || !json_int(root, "num_experts_per_tok", 1, m->experts, &m->experts_per_token, err)
      || !json_int_or(root, "n_shared_experts", 0, 256, 0, &shared, err)
      || !json_int_or(root, "first_k_dense_replace", 0, m->layers - 1, 0, &m->dense_layers, err)
      || !json_int_or(root, "decoder_sparse_step", 1, 1 << 12, 1, &step, err))
    return false;
  if (step != 1 || cJSON_GetArraySize(except) > 0)
    return error_set(err, ERROR_UNSUPPORTED, "decoder_sparse_step, mlp_only_layers: layers without experts are known "
                     "from first_k_dense_replace only");
  m->shared_ffn = shared * m->expert_ffn;
  return m->dense_layers == 0 || json_int(root, "intermediate_size", 1, 1 << 22, &m->ffn, err);
}

static bool read_ffn(const cJSON *root, const struct architecture *a, struct model *m, struct error *err) {
  if (a->experts) return read_experts(root, a, m, err);
  m->dense_layers = m->layers;
  return json_int(root, "intermediate_size", 1, 1 << 22, &m->ffn, err);
}

static int64_t count_sliding(const cJSON *types) {
  int64_t n = 0;
  const cJSON *type;
  cJSON_ArrayForEach(type, types) n += cJSON_IsString(type) && strcmp(type->valuestring, "sliding_attention") == 0;
  return n;
}

/* layer_types names each layer's kind; older files leave it to the architecture, Gemma's with a period, and Qwen's
 * windows begin above max_window_layers. */
static bool read_windows(const cJSON *root, const struct architecture *a, struct model *m, struct error *err) {
  bool used;
  int64_t period, whole;
  const cJSON *types = cJSON_GetObjectItemCaseSensitive(root, "layer_types");
  if (!json_int_or(root, "sliding_window", 1, 1 << 26, 0, &m->window, err)
      || !json_bool_or(root, "use_sliding_window", true, &used, err)
      || !json_int_or(root, "max_window_layers", 0, 1 << 12, m->layers, &whole, err)
      || !json_int_or(root, "sliding_window_pattern", 1, 1 << 12, 0, &period, err))
    return false;
  if (m->window == 0 || !used) m->window_layers = 0;
  else if (cJSON_IsArray(types)) m->window_layers = count_sliding(types);
  else if (period) m->window_layers = m->layers - m->layers / period;
  else m->window_layers = whole < m->layers ? m->layers - whole : architecture_windows(a, m->layers);
  if (m->window_layers == 0) m->window = 0;
  return true;
}

static bool read_mla(const cJSON *root, struct model *m, struct error *err) {
  struct mla *a = &m->mla;
  if (!json_int_or(root, "kv_lora_rank", 1, 1 << 16, 0, &a->kv_rank, err)) return false;
  if (a->kv_rank == 0) return true;
  if (!json_int_or(root, "q_lora_rank", 1, 1 << 16, 0, &a->q_rank, err)
      || !json_int(root, "qk_nope_head_dim", 1, 1 << 12, &a->nope, err)
      || !json_int(root, "qk_rope_head_dim", 1, 1 << 12, &a->rope, err)
      || !json_int(root, "v_head_dim", 1, 1 << 12, &a->v, err))
    return false;
  m->head_dim = a->nope + a->rope;
  return true;
}

/* Qwen2.5-VL's encoder; its norms are RMS, its positions RoPE, its FFN has a gate, and the projector one more layer of
 * the merged patches' width (modeling_qwen2_5_vl.py). */
static bool read_vision(const cJSON *root, struct model *m, struct error *err) {
  struct vision *v = &m->vision;
  int64_t pixels, out;
  const cJSON *config = cJSON_GetObjectItemCaseSensitive(root, "vision_config");
  if (!config) return true;
  if (!json_int_or(config, "depth", 1, 1 << 12, 32, &v->layers, err)
      || !json_int_or(config, "hidden_size", 1, 1 << 20, 1280, &v->hidden, err)
      || !json_int_or(config, "num_heads", 1, 1 << 10, 16, &v->heads, err)
      || !json_int_or(config, "intermediate_size", 1, 1 << 22, 3420, &v->ffn, err)
      || !json_int_or(config, "patch_size", 1, 1 << 10, 14, &v->patch, err)
      || !json_int_or(config, "temporal_patch_size", 1, 64, 2, &v->frames, err)
      || !json_int_or(config, "spatial_merge_size", 1, 64, 2, &v->merge, err)
      || !json_int_or(config, "window_size", 1, 1 << 16, 112, &pixels, err)
      || !json_int_or(config, "out_hidden_size", 1, 1 << 20, m->hidden, &out, err))
    return error_prefix(err, "vision_config: ");
  const cJSON *whole = cJSON_GetObjectItemCaseSensitive(config, "fullatt_block_indexes");
  v->window_layers = v->layers - (cJSON_IsArray(whole) ? cJSON_GetArraySize(whole) : 4);
  v->window = v->window_layers > 0 ? (pixels / v->patch) * (pixels / v->patch) : 0;
  if (v->window_layers < 0 || (v->window_layers > 0 && v->window == 0))
    return error_set(err, ERROR_INPUT, "vision_config: window_size or fullatt_block_indexes do not fit the encoder");
  v->gated_ffn = v->rope = true;
  v->norm = NORM_RMS;
  const int64_t merged = v->hidden * v->merge * v->merge;
  const int64_t widths[] = {merged, merged, out};
  memcpy(v->projector, widths, sizeof widths);
  v->n_projector = 3;
  return true;
}

/* Falcon's first generation: one KV head, an FFN of four times the width. */
static bool read_falcon(const cJSON *root, struct model *m, struct error *err) {
  bool parallel, later, one;
  if (!json_bool_or(root, "parallel_attn", true, &parallel, err)
      || !json_bool_or(root, "new_decoder_architecture", false, &later, err)
      || !json_bool_or(root, "multi_query", true, &one, err) || !read_heads(root, m, err))
    return false;
  if (!parallel || later || !one)
    return error_set(err, ERROR_UNSUPPORTED, "Falcon is known with parallel_attn and multi_query, without "
                     "new_decoder_architecture");
  m->kv_heads = 1;
  m->dense_layers = m->layers;
  return json_int_or(root, "ffn_hidden_size", 1, 1 << 22, 4 * m->hidden, &m->ffn, err)
      && json_int(root, "vocab_size", 1, 1 << 24, &m->vocab, err)
      && json_int_or(root, "max_position_embeddings", 1, 1 << 26, 2048, &m->context, err)
      && json_bool_or(root, "tie_word_embeddings", true, &m->tied_embeddings, err) && model_finish(m, err);
}

/* Newer files of models that see keep the language model's fields in an object of their own. */
static const cJSON *language(const cJSON *root) {
  const cJSON *text = cJSON_GetObjectItemCaseSensitive(root, "text_config");
  return cJSON_IsObject(text) && !cJSON_HasObjectItem(root, "hidden_size") ? text : root;
}

bool hf_read(const cJSON *root, struct model *m, struct error *err) {
  m->published_params = NAN;
  const struct architecture *a = read_architecture(root, m, err);
  if (!a) return false;
  if (m->block == BLOCK_PARALLEL) return read_falcon(root, m, err);
  const cJSON *text = language(root);
  bool tied;
  return read_heads(text, m, err)
      && read_ffn(text, a, m, err)
      && read_windows(text, a, m, err)
      && read_mla(text, m, err)
      && json_int(text, "vocab_size", 1, 1 << 24, &m->vocab, err)
      && json_int(text, "max_position_embeddings", 1, 1 << 26, &m->context, err)
      && json_bool_or(text, "attention_bias", a->qkv_bias, &m->qkv_bias, err)
      && json_bool_or(root, "tie_word_embeddings", a->tied, &tied, err)
      && json_bool_or(text, "tie_word_embeddings", tied, &m->tied_embeddings, err)
      && read_vision(root, m, err) && model_finish(m, err);
}
