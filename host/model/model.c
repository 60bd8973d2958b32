#include "model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hf.h"
#include "json.h"

const char *const tensor_class_names[CLASS_COUNT] = {"qkv", "attn_out", "ffn_up", "ffn_down", "logits"};
const char *const qk_norm_names[QK_NORMS] = {"none", "head", "whole"};
const char *const rope_names[ROPES] = {"halves", "pairs"};
const char *const activation_names[ACTIVATIONS] = {"swiglu", "geglu", "gelu"};
const char *const norm_names[NORMS] = {"rms", "layer"};
const char *const block_names[BLOCKS] = {"sequential", "sandwich", "parallel"};

/* What was added to the format since its first models; left out it is as in Llama. */
static bool read_variations(const cJSON *root, struct model *m, struct error *err) {
  int qk_norm, rope, activation, norm, block;
  if (!json_name_or(root, "qk_norm", qk_norm_names, QK_NORMS, QK_NORM_NONE, &qk_norm, err)
      || !json_name_or(root, "rope", rope_names, ROPES, ROPE_HALVES, &rope, err)
      || !json_name_or(root, "norm", norm_names, NORMS, NORM_RMS, &norm, err)
      || !json_name_or(root, "block", block_names, BLOCKS, BLOCK_SEQUENTIAL, &block, err)
      || !json_name_or(root, "activation", activation_names, ACTIVATIONS,
                    m->gated_ffn ? ACTIVATION_SWIGLU : ACTIVATION_GELU, &activation, err))
    return false;
  m->qk_norm = (enum qk_norm)qk_norm;
  m->rope = (enum rope)rope;
  m->norm = (enum norm)norm;
  m->block = (enum block)block;
  m->activation = (enum activation)activation;
  if ((m->activation != ACTIVATION_GELU) != m->gated_ffn)
    return error_set(err, ERROR_INPUT, "field 'activation': %s and gated_ffn %s contradict each other",
                     activation_names[activation], m->gated_ffn ? "true" : "false");
  return true;
}

/* ffn is the dense layers' width, and must be there where no experts are. */
static bool read_ffn(const cJSON *root, struct model *m, struct error *err) {
  if (!json_int_or(root, "experts", 0, 256, 0, &m->experts, err)) return false;
  if (m->experts == 0) {
    m->dense_layers = m->layers;
    return json_int(root, "ffn", 1, 1 << 22, &m->ffn, err);
  }
  return json_int_or(root, "shared_ffn", 0, 1 << 22, 0, &m->shared_ffn, err)
      && json_int_or(root, "dense_layers", 0, m->layers - 1, 0, &m->dense_layers, err)
      && json_int_or(root, "ffn", 1, 1 << 22, 0, &m->ffn, err)
      && json_int(root, "expert_ffn", 1, 1 << 22, &m->expert_ffn, err)
      && json_int(root, "experts_per_token", 1, m->experts, &m->experts_per_token, err);
}

/* An optional object: *out is NULL when it is left out. */
static bool read_object(const cJSON *root, const char *name, const cJSON **out, struct error *err) {
  *out = cJSON_GetObjectItemCaseSensitive(root, name);
  if (!*out || cJSON_IsNull(*out)) return *out = NULL, true;
  return cJSON_IsObject(*out) || error_set(err, ERROR_INPUT, "field '%s' is not an object", name);
}

static bool read_mla(const cJSON *root, struct mla *a, struct error *err) {
  const cJSON *mla;
  if (!read_object(root, "mla", &mla, err)) return false;
  return !mla || ((json_int_or(mla, "q_rank", 0, 1 << 16, 0, &a->q_rank, err)
                   && json_int(mla, "kv_rank", 1, 1 << 16, &a->kv_rank, err)
                   && json_int(mla, "nope", 1, 1 << 12, &a->nope, err)
                   && json_int(mla, "rope", 1, 1 << 12, &a->rope, err)
                   && json_int(mla, "v", 1, 1 << 12, &a->v, err))
                  || error_prefix(err, "mla: "));
}

static bool read_projector(const cJSON *vision, struct vision *v, struct error *err) {
  const cJSON *list = json_array(vision, "projector", err), *width;
  if (!list) return false;
  const int most = (int)(sizeof v->projector / sizeof v->projector[0]);
  if (cJSON_GetArraySize(list) > most) return error_set(err, ERROR_INPUT, "field 'projector' has over %d widths", most);
  cJSON_ArrayForEach(width, list) {
    if (!cJSON_IsNumber(width) || width->valuedouble < 1 || width->valuedouble > 1 << 20)
      return error_set(err, ERROR_INPUT, "field 'projector' holds what is no width");
    v->projector[v->n_projector++] = (int64_t)width->valuedouble;
  }
  return true;
}

static bool read_vision_fields(const cJSON *vision, struct vision *v, struct error *err) {
  int norm;
  if (!json_name_or(vision, "norm", norm_names, NORMS, NORM_LAYER, &norm, err)) return false;
  v->norm = (enum norm)norm;
  return json_int(vision, "layers", 1, 1 << 12, &v->layers, err)
      && json_int(vision, "hidden", 1, 1 << 20, &v->hidden, err)
      && json_int(vision, "heads", 1, 1 << 10, &v->heads, err)
      && json_int(vision, "ffn", 1, 1 << 22, &v->ffn, err)
      && json_bool_or(vision, "gated_ffn", false, &v->gated_ffn, err)
      && json_bool_or(vision, "rope", false, &v->rope, err)
      && json_int(vision, "patch", 1, 1 << 10, &v->patch, err)
      && json_int_or(vision, "frames", 1, 64, 1, &v->frames, err)
      && json_int_or(vision, "merge", 1, 64, 1, &v->merge, err)
      && json_int_or(vision, "image", 1, 1 << 16, 0, &v->image, err)
      && json_int_or(vision, "positions", 0, 1 << 20, 0, &v->positions, err)
      && json_int_or(vision, "window", 1, 1 << 20, 0, &v->window, err)
      && json_int_or(vision, "window_layers", 1, 1 << 12, 0, &v->window_layers, err)
      && read_projector(vision, v, err);
}

static bool read_vision(const cJSON *root, struct vision *v, struct error *err) {
  const cJSON *vision;
  if (!read_object(root, "vision", &vision, err)) return false;
  return !vision || read_vision_fields(vision, v, err) || error_prefix(err, "vision: ");
}

void model_note(struct model *m, const char *text) {
  for (size_t i = 0; i < MODEL_NOTES; i++) {
    if (m->not_costed[i][0]) continue;
    snprintf(m->not_costed[i], sizeof m->not_costed[i], "%s", text);
    return;
  }
}

static bool read_unverified(const cJSON *root, struct model *m, struct error *err) {
  const cJSON *field, *fields = cJSON_GetObjectItemCaseSensitive(root, "unverified");
  size_t used = 0;
  cJSON_ArrayForEach(field, fields) {
    if (!cJSON_IsString(field)) return error_set(err, ERROR_INPUT, "field 'unverified' holds what is no text");
    const int wrote = snprintf(m->unverified + used, sizeof m->unverified - used, "%s%s", used ? ", " : "",
                               field->valuestring);
    used += wrote > 0 ? (size_t)wrote : 0;
    if (used >= sizeof m->unverified) return error_set(err, ERROR_INPUT, "field 'unverified' is too long");
  }
  return true;
}

/* What stands about the model, beside its dimensions. */
static bool read_remarks(const cJSON *root, struct model *m, struct error *err) {
  const cJSON *published, *note, *notes = cJSON_GetObjectItemCaseSensitive(root, "not_costed");
  m->published_params = NAN;
  if (!read_unverified(root, m, err)) return false;
  if (!read_object(root, "published", &published, err)) return false;
  if (published && !json_number(published, "params", 1, 1e18, &m->published_params, err))
    return error_prefix(err, "published: ");
  cJSON_ArrayForEach(note, notes) {
    if (!cJSON_IsString(note)) return error_set(err, ERROR_INPUT, "field 'not_costed' holds what is no text");
    model_note(m, note->valuestring);
  }
  return true;
}

static bool model_read(const cJSON *root, struct model *m, struct error *err) {
  return json_check_schema(root, "vkpareto.model/1", err)
      && json_copy(root, "id", m->id, sizeof m->id, err)
      && json_copy(root, "name", m->name, sizeof m->name, err)
      && json_copy(root, "source", m->source, sizeof m->source, err)
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
      && json_int_or(root, "window", 1, 1 << 26, 0, &m->window, err)
      && json_int_or(root, "window_layers", 1, 1 << 12, 0, &m->window_layers, err)
      && read_variations(root, m, err) && read_mla(root, &m->mla, err) && read_vision(root, &m->vision, err)
      && read_remarks(root, m, err);
}

/* Ours are within 1.5 % (tests/unit/test_model.c); a tenth is a dimension that is wrong, or another model's count. */
static bool agrees_with_published(const struct model *m, struct error *err) {
  if (!(fabs(m->params / m->published_params - 1) > 0.1)) return true;
  return error_set(err, ERROR_INPUT, "the dimensions make %.0f parameters, published.params says %.0f; one of "
                   "them is wrong", m->params, m->published_params);
}

/* The schema tells ours; what has none and is a Hugging Face config.json is read as such. */
static bool read_either(const cJSON *root, struct model *m, struct error *err) {
  if (!cJSON_HasObjectItem(root, "schema") && hf_is_config(root)) return hf_read(root, m, err);
  return model_read(root, m, err) && model_finish(m, err) && agrees_with_published(m, err);
}

bool model_parse(const char *text, size_t bytes, struct model *m, struct error *err) {
  *m = (struct model){0};
  cJSON *root = json_parse(text, bytes, err);
  bool ok = root && read_either(root, m, err);
  cJSON_Delete(root);
  return ok;
}
