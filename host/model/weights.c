/* What a model weighs: its matrices and what else has parameters. */
#include "model.h"

void model_matrices(const struct model *m, struct model_matrices *out) {
  const struct mla *a = &m->mla;
  const int64_t layers = m->layers, plain = a->kv_rank ? 0 : layers, latent = layers - plain;
  const int64_t low_rank = a->q_rank ? latent : 0;
  const int64_t q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim, gates = m->gated_ffn ? 2 : 1;
  const int64_t routed = layers - m->dense_layers, shared = m->shared_ffn ? routed : 0;
  const struct model_matrix all[] = {
    {CLASS_QKV, MATRIX_OF_LAYERS, q, low_rank ? a->q_rank : m->hidden, layers},
    {CLASS_QKV, MATRIX_OF_LAYERS, kv, m->hidden, 2 * plain},
    {CLASS_QKV, MATRIX_OF_LAYERS, a->q_rank, m->hidden, low_rank},
    {CLASS_QKV, MATRIX_OF_LAYERS, a->kv_rank + a->rope, m->hidden, latent},
    {CLASS_QKV, MATRIX_OF_LAYERS, m->heads * a->kv_rank, a->nope, latent},   /* k from the latent, absorbed into q */
    {CLASS_QKV, MATRIX_OF_LAYERS, m->heads * a->v, a->kv_rank, latent},
    {CLASS_ATTN_OUT, MATRIX_OF_LAYERS, m->hidden, latent ? m->heads * a->v : q, layers},
    {CLASS_FFN_UP, MATRIX_OF_DENSE, m->ffn, m->hidden, gates * m->dense_layers},
    {CLASS_FFN_DOWN, MATRIX_OF_DENSE, m->hidden, m->ffn, m->dense_layers},
    {CLASS_FFN_UP, MATRIX_OF_ROUTED, m->shared_ffn, m->hidden, gates * shared},
    {CLASS_FFN_DOWN, MATRIX_OF_ROUTED, m->hidden, m->shared_ffn, shared},
    {CLASS_FFN_UP, MATRIX_OF_EXPERTS, m->expert_ffn, m->hidden, gates * m->experts * routed},
    {CLASS_FFN_DOWN, MATRIX_OF_EXPERTS, m->hidden, m->expert_ffn, m->experts * routed},
    {CLASS_LOGITS, MATRIX_OF_NO_LAYER, m->vocab, m->hidden, 1},
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
  static const int norms_per_layer[BLOCKS] = {[BLOCK_SEQUENTIAL] = 2, [BLOCK_SANDWICH] = 4, [BLOCK_PARALLEL] = 1};
  const double layers = (double)m->layers, hidden = (double)m->hidden;
  const double norms = hidden * (norms_per_layer[m->block] * layers + 1) * (m->norm == NORM_LAYER ? 2 : 1);
  const double biases = m->qkv_bias ? (double)((m->heads + 2 * m->kv_heads) * m->head_dim) * layers : 0;
  const int64_t qk_heads = m->qk_norm == QK_NORM_NONE ? 0 : m->qk_norm == QK_NORM_HEAD ? 2 : m->heads + m->kv_heads;
  const double latent = m->mla.kv_rank ? layers * (double)(m->mla.q_rank + m->mla.kv_rank) : 0;
  const double routers = (double)(m->layers - m->dense_layers) * (double)m->experts * hidden;
  return norms + biases + layers * (double)(qk_heads * m->head_dim) + latent + routers;
}

/* Of the encoder, with the biases of its matrices, and of the projector, with its own. */
static double vision_params(const struct vision *v) {
  if (v->layers == 0) return 0;
  const double h = (double)v->hidden, f = (double)v->ffn, norm = h * (v->norm == NORM_LAYER ? 2 : 1);
  const double gates = v->gated_ffn ? 2 : 1;
  const double layer = 4 * h * h + 4 * h + (gates + 1) * h * f + gates * f + h + 2 * norm;
  double params = (double)v->layers * layer + (double)(3 * v->frames * v->patch * v->patch) * h
                + (double)v->positions * h + norm;
  for (size_t i = 0; i + 1 < v->n_projector; i++)
    params += (double)v->projector[i] * (double)v->projector[i + 1] + (double)v->projector[i + 1];
  return params;
}

double model_fixed_bytes(const struct model *m) { return 4 * fixed_params(m) + 2 * vision_params(&m->vision); }

static void count_params(struct model *m) {
  m->params = fixed_params(m) + vision_params(&m->vision);
  for (int c = 0; c < CLASS_COUNT; c++) m->params += model_class_params(m, (enum tensor_class)c);
  const double matrices = m->gated_ffn ? 3 : 2, idle = (double)(m->experts - m->experts_per_token);
  m->active_params = m->params - (double)(m->layers - m->dense_layers) * idle * matrices
                                   * (double)m->hidden * (double)m->expert_ffn;
}

/* ---- contradictions */

static bool check_experts(const struct model *m, struct error *err) {
  if (m->experts_per_token > m->experts)
    return error_set(err, ERROR_INPUT, "experts_per_token is %lld of %lld experts", (long long)m->experts_per_token,
                     (long long)m->experts);
  if (m->experts > 0 && (m->experts_per_token < 1 || m->expert_ffn < 1))
    return error_set(err, ERROR_INPUT, "%lld experts without experts_per_token or expert_ffn", (long long)m->experts);
  if (m->experts > 0 && m->dense_layers >= m->layers)
    return error_set(err, ERROR_INPUT, "dense_layers is %lld of %lld layers: none is left for the experts",
                     (long long)m->dense_layers, (long long)m->layers);
  if (m->dense_layers > 0 && m->ffn < 1)
    return error_set(err, ERROR_INPUT, "field 'ffn' is missing: layers without experts have one");
  return true;
}

static bool check_attention(const struct model *m, struct error *err) {
  if (m->heads % m->kv_heads)
    return error_set(err, ERROR_INPUT, "%lld heads cannot share %lld kv_heads evenly; kv_heads must divide heads",
                     (long long)m->heads, (long long)m->kv_heads);
  if (m->window_layers > m->layers)
    return error_set(err, ERROR_INPUT, "window_layers is %lld of %lld layers", (long long)m->window_layers,
                     (long long)m->layers);
  if ((m->window > 0) != (m->window_layers > 0))
    return error_set(err, ERROR_INPUT, "window and window_layers need each other");
  if (m->mla.kv_rank > 0 && m->head_dim != m->mla.nope + m->mla.rope)
    return error_set(err, ERROR_INPUT, "head_dim is %lld, mla has heads of %lld + %lld", (long long)m->head_dim,
                     (long long)m->mla.nope, (long long)m->mla.rope);
  if (m->mla.kv_rank > 0 && (m->qk_norm != QK_NORM_NONE || m->qkv_bias || m->window))
    return error_set(err, ERROR_INPUT, "mla with qk_norm, qkv_bias or window: no family that is known here has both");
  return true;
}

static bool check_vision(const struct model *m, struct error *err) {
  const struct vision *v = &m->vision;
  if (v->layers == 0) return true;
  if (v->hidden % v->heads)
    return error_set(err, ERROR_INPUT, "vision: %lld heads do not divide hidden %lld", (long long)v->heads,
                     (long long)v->hidden);
  if (v->window_layers > v->layers)
    return error_set(err, ERROR_INPUT, "vision: window_layers is %lld of %lld layers", (long long)v->window_layers,
                     (long long)v->layers);
  if ((v->window > 0) != (v->window_layers > 0))
    return error_set(err, ERROR_INPUT, "vision: window and window_layers need each other");
  if (v->image > 0 && v->image < v->patch * v->merge)
    return error_set(err, ERROR_INPUT, "vision: an image of %lld pixels is smaller than a token", (long long)v->image);
  if (v->n_projector < 2 || v->projector[0] != v->hidden * v->merge * v->merge
      || v->projector[v->n_projector - 1] != m->hidden)
    return error_set(err, ERROR_INPUT,
                     "vision: the projector must lead from hidden x merge^2, %lld, to the model's %lld",
                     (long long)(v->hidden * v->merge * v->merge), (long long)m->hidden);
  return true;
}

bool model_finish(struct model *m, struct error *err) {
  if (!check_experts(m, err) || !check_attention(m, err) || !check_vision(m, err)) return false;
  if (m->window >= m->context) m->window = m->window_layers = 0;   /* it cuts nothing off: Phi-4's */
  count_params(m);
  return true;
}

/* ---- images */

int64_t vision_tokens(const struct vision *v, int64_t side) {
  if (v->layers == 0) return 0;
  const int64_t unit = v->patch * v->merge, tokens = (v->image ? v->image : side) / unit;
  return tokens > 0 ? tokens * tokens : 1;
}

int64_t vision_patches(const struct vision *v, int64_t side) { return vision_tokens(v, side) * v->merge * v->merge; }
