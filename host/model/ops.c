#include "ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops_internal.h"

/* ---- quantities: what the dimensions and counts of ops are made of */

enum quantity {
  ZERO, ONE,
  ROWS, SEQUENCES, EACH,                        /* tokens of a pass: ROWS = SEQUENCES x EACH */
  HIDDEN, Q_WIDTH, Q_INPUT, KV_WIDTH, HEAD, KV_HEADS, KV_LENGTH, OUT_WIDTH, VOCAB,
  TURN_WIDTH, TURN_HEAD, K_WIDTH, K_HEADS, K_HEAD, V_HEADS, V_HEAD,   /* what RoPE turns of q; what the cache holds */
  Q_RANK, LATENT, LATENT_KEY, NOPE, ABSORBED, V_WIDTH,   /* MLA; ABSORBED: q of all heads in the latent's space */
  FFN, SHARED_FFN, EXPERTS, TOPK, EXPERT_FFN, EXPERT_UP,   /* EXPERT_UP: gate and up of an expert as one matrix */
  SLOTS,                                        /* rows that go through experts: ROWS x TOPK */
  LAYERS,                                       /* layers, then those of some kind: */
  PLAIN, LATENTS, LOW_RANK,                     /* with k and v of their own, with MLA, with a low-rank q */
  BIASED, HEAD_NORMED, WHOLE_NORMED, TURNED,    /* with qkv bias, q/k norm of either kind, RoPE of q apart */
  RMS_JOINS, LAYER_JOINS, AFTER_NORMS, PARALLEL,   /* residual with a norm behind it, norms behind attention and FFN */
  DENSE, ROUTED, SHARED,                        /* with a dense FFN, with experts, with a shared one */
  GATES, SHARED_GATES,                          /* matrices of gate and up in dense layers, in shared experts */
  V_PATCH, V_HIDDEN, V_EYE, V_FFN, V_LAYERS, V_GATES, V_TURNED,   /* of the encoder: inputs of a patch, width, head */
  QUANTITIES
};

struct sweep { enum phase phase; int64_t sequences, each; double times; };

static void latent_quantities(const struct model *m, int64_t q[QUANTITIES]) {
  const struct mla *a = &m->mla;
  q[LATENTS] = a->kv_rank ? m->layers : 0, q[PLAIN] = m->layers - q[LATENTS], q[LOW_RANK] = a->q_rank ? q[LATENTS] : 0;
  q[Q_RANK] = a->q_rank, q[LATENT] = a->kv_rank, q[LATENT_KEY] = a->kv_rank + a->rope, q[NOPE] = a->nope;
  q[ABSORBED] = m->heads * a->kv_rank, q[V_WIDTH] = m->heads * a->v;
  q[Q_INPUT] = q[LOW_RANK] ? a->q_rank : m->hidden, q[OUT_WIDTH] = q[LATENTS] ? q[V_WIDTH] : m->heads * m->head_dim;
  q[TURN_HEAD] = q[LATENTS] ? a->rope : m->head_dim, q[TURN_WIDTH] = m->heads * q[TURN_HEAD];
  q[K_HEADS] = q[LATENTS] ? 1 : m->kv_heads, q[K_HEAD] = q[LATENTS] ? a->rope : m->head_dim;
  q[V_HEADS] = q[K_HEADS], q[V_HEAD] = q[LATENTS] ? a->kv_rank : m->head_dim;
  q[K_WIDTH] = q[K_HEADS] * q[K_HEAD];
}

static void vision_quantities(const struct vision *v, int64_t q[QUANTITIES]) {
  q[V_PATCH] = 3 * v->frames * v->patch * v->patch, q[V_HIDDEN] = v->hidden, q[V_FFN] = v->ffn;
  q[V_EYE] = v->heads ? v->hidden / v->heads : 0;
  q[V_LAYERS] = v->layers, q[V_GATES] = v->layers * (v->gated_ffn ? 2 : 1), q[V_TURNED] = v->rope ? v->layers : 0;
}

static void quantities_of(const struct model *m, const struct workload *w, const struct sweep *sweep,
                          int64_t q[QUANTITIES]) {
  const int64_t layers = m->layers, up = m->gated_ffn ? 2 : 1, joins = m->block == BLOCK_PARALLEL ? layers : 2 * layers;
  q[ZERO] = 0, q[ONE] = 1;
  q[SEQUENCES] = sweep->sequences, q[EACH] = sweep->each, q[ROWS] = sweep->sequences * sweep->each;
  q[HIDDEN] = m->hidden, q[HEAD] = m->head_dim, q[KV_HEADS] = m->kv_heads, q[VOCAB] = m->vocab;
  q[Q_WIDTH] = m->heads * m->head_dim, q[KV_WIDTH] = m->kv_heads * m->head_dim, q[KV_LENGTH] = w->kv_length;
  q[FFN] = m->ffn, q[SHARED_FFN] = m->shared_ffn, q[EXPERTS] = m->experts, q[TOPK] = m->experts_per_token;
  q[EXPERT_FFN] = m->expert_ffn, q[EXPERT_UP] = up * m->expert_ffn, q[SLOTS] = q[ROWS] * q[TOPK];
  q[LAYERS] = layers, q[BIASED] = m->qkv_bias ? layers : 0;
  q[DENSE] = m->dense_layers, q[GATES] = up * q[DENSE];
  q[ROUTED] = layers - m->dense_layers, q[SHARED] = m->shared_ffn ? q[ROUTED] : 0, q[SHARED_GATES] = up * q[SHARED];
  q[HEAD_NORMED] = m->qk_norm == QK_NORM_HEAD ? layers : 0, q[WHOLE_NORMED] = m->qk_norm == QK_NORM_WHOLE ? layers : 0;
  q[TURNED] = layers - q[HEAD_NORMED];
  q[RMS_JOINS] = m->norm == NORM_RMS ? joins : 0, q[LAYER_JOINS] = joins - q[RMS_JOINS];
  q[AFTER_NORMS] = m->block == BLOCK_SANDWICH ? 2 * layers : 0, q[PARALLEL] = m->block == BLOCK_PARALLEL ? layers : 0;
  latent_quantities(m, q);
  vision_quantities(&m->vision, q);
}

/* ---- the ops of a pass through the model */

/* "{rope}", "{norm}" and "{activation}" are the model's, "{sight}" and "{see}" the norm and activation of its
 * encoder. */
struct kernel { const char *technique; struct { const char *dim; enum quantity value; } at[KERNEL_DIMS]; };

#define MATMUL(format, rows, columns) {"matmul." format, {{"m", ROWS}, {"n", rows}, {"k", columns}}}
#define NORM(width) {"block.{norm}", {{"rows", ROWS}, {"width", width}}}
#define PER_HEAD(op, width, size) {"block." op, {{"rows", ROWS}, {"width", width}, {"head", size}}}
#define MAP(op, rows_, width) {"block." op, {{"rows", rows_}, {"width", width}}}
#define EMBED {"block.embed", {{"rows", ROWS}, {"width", HIDDEN}, {"vocab", VOCAB}}}
#define APPEND(op, heads, size) \
  {"kv_cache." op "append_{format}", \
   {{"batch", SEQUENCES}, {"rows", EACH}, {"kv", KV_LENGTH}, {"kv_heads", heads}, {"head", size}}}
#define ROUTER {"router.fused", {{"tokens", ROWS}, {"experts", EXPERTS}, {"topk", TOPK}}}
#define ALL_EXPERTS(rows, columns, is_down) \
  {"moe.{algorithm}_{format}", \
   {{"tokens", ROWS}, {"experts", EXPERTS}, {"topk", TOPK}, {"n", rows}, {"k", columns}, {"down", is_down}}}

struct recipe {
  const char *name;
  int slot;
  int times;                  /* of `per`, in one pass */
  enum quantity per;
  struct kernel way[OP_WAYS][OP_STEPS];
};

/* In the order of a forward pass. A norm comes with the residual before it, since one kernel can do both: the first
 * has none. Gate and up of a dense layer are two matrices, as in model files; those of the experts are one op, because
 * sorting tokens by expert is part of it. MLA in the absorbed form: q goes into the latent's space, and what attention
 * returns comes out of it (DeepSeek-V2, section 2.1.2); each is a product per head, timed as one matrix of as many
 * weights. */
static const struct recipe every_pass[] = {
  {"embedding",              SLOT_FIXED,     1, ONE,          {{EMBED}}},
  {"norm",                   SLOT_FIXED,     1, ONE,          {{NORM(HIDDEN)}}},
  {"q of low rank",          CLASS_QKV,      1, LOW_RANK,     {{MATMUL("{format}", Q_RANK, HIDDEN)}}},
  {"norm of low-rank q",     SLOT_FIXED,     1, LOW_RANK,     {{NORM(Q_RANK)}}},
  {"q",                      CLASS_QKV,      1, LAYERS,       {{MATMUL("{format}", Q_WIDTH, Q_INPUT)}}},
  {"k, v",                   CLASS_QKV,      2, PLAIN,        {{MATMUL("{format}", KV_WIDTH, HIDDEN)}}},
  {"latent",                 CLASS_QKV,      1, LATENTS,      {{MATMUL("{format}", LATENT_KEY, HIDDEN)}}},
  {"norm of the latent",     SLOT_FIXED,     1, LATENTS,      {{NORM(LATENT)}}},
  {"q into the latent",      CLASS_QKV,      1, LATENTS,      {{MATMUL("{format}", ABSORBED, NOPE)}}},
  {"bias of q",              SLOT_FIXED,     1, BIASED,       {{MAP("bias", ROWS, Q_WIDTH)}}},
  {"bias of k, v",           SLOT_FIXED,     2, BIASED,       {{MAP("bias", ROWS, KV_WIDTH)}}},
  {"q norm",                 SLOT_FIXED,     1, WHOLE_NORMED, {{NORM(Q_WIDTH)}}},
  {"k norm",                 SLOT_FIXED,     1, WHOLE_NORMED, {{NORM(KV_WIDTH)}}},
  {"k norm",                 SLOT_FIXED,     1, HEAD_NORMED,  {{PER_HEAD("head_norm", KV_WIDTH, HEAD)}}},
  {"q norm, RoPE of q",      SLOT_FIXED,     1, HEAD_NORMED,
   {{PER_HEAD("head_norm_{rope}", Q_WIDTH, HEAD)},
    {PER_HEAD("head_norm", Q_WIDTH, HEAD), PER_HEAD("{rope}", Q_WIDTH, HEAD)}}},
  {"RoPE of q",              SLOT_FIXED,     1, TURNED,       {{PER_HEAD("{rope}", TURN_WIDTH, TURN_HEAD)}}},
  {"RoPE of k, append of k", SLOT_ATTENTION, 1, LAYERS,
   {{APPEND("{rope}_", K_HEADS, K_HEAD)}, {PER_HEAD("{rope}", K_WIDTH, K_HEAD), APPEND("", K_HEADS, K_HEAD)}}},
  {"append of v",            SLOT_ATTENTION, 1, LAYERS,       {{APPEND("", V_HEADS, V_HEAD)}}},
  /* attention: see ops_attention.c */
  {"v out of the latent",    CLASS_QKV,      1, LATENTS,      {{MATMUL("{format}", V_WIDTH, LATENT)}}},
  {"attention out",          CLASS_ATTN_OUT, 1, LAYERS,       {{MATMUL("{format}", HIDDEN, OUT_WIDTH)}}},
  {"norm behind",            SLOT_FIXED,     1, AFTER_NORMS,  {{NORM(HIDDEN)}}},
  {"residual, norm",         SLOT_FIXED,     1, RMS_JOINS,
   {{MAP("add_rms_norm", ROWS, HIDDEN)}, {MAP("residual", ROWS, HIDDEN), NORM(HIDDEN)}}},
  {"residual, norm",         SLOT_FIXED,     1, LAYER_JOINS,  {{MAP("residual", ROWS, HIDDEN), NORM(HIDDEN)}}},
  {"residual",               SLOT_FIXED,     1, PARALLEL,     {{MAP("residual", ROWS, HIDDEN)}}},
  {"gate, up",               CLASS_FFN_UP,   1, GATES,        {{MATMUL("{format}", FFN, HIDDEN)}}},
  {"activation",             SLOT_FIXED,     1, DENSE,        {{MAP("{activation}", ROWS, FFN)}}},
  {"down",                   CLASS_FFN_DOWN, 1, DENSE,        {{MATMUL("{format}", HIDDEN, FFN)}}},
  {"router's logits",        SLOT_FIXED,     1, ROUTED,       {{MATMUL("f32", EXPERTS, HIDDEN)}}},
  {"router",                 SLOT_FIXED,     1, ROUTED,       {{ROUTER}}},
  {"experts' gate, up",      CLASS_FFN_UP,   1, ROUTED,       {{ALL_EXPERTS(EXPERT_UP, HIDDEN, ZERO)}}},
  {"experts' activation",    SLOT_FIXED,     1, ROUTED,       {{MAP("{activation}", SLOTS, EXPERT_FFN)}}},
  {"experts' down",          CLASS_FFN_DOWN, 1, ROUTED,       {{ALL_EXPERTS(HIDDEN, EXPERT_FFN, ONE)}}},
  {"shared gate, up",        CLASS_FFN_UP,   1, SHARED_GATES, {{MATMUL("{format}", SHARED_FFN, HIDDEN)}}},
  {"shared activation",      SLOT_FIXED,     1, SHARED,       {{MAP("{activation}", ROWS, SHARED_FFN)}}},
  {"shared down",            CLASS_FFN_DOWN, 1, SHARED,       {{MATMUL("{format}", HIDDEN, SHARED_FFN)}}},
  {"shared expert added",    SLOT_FIXED,     1, SHARED,       {{MAP("residual", ROWS, HIDDEN)}}},
};
enum { EVERY_PASS = sizeof every_pass / sizeof every_pass[0] };

/* Of one token per sequence only. */
static const struct recipe logits = {"logits", CLASS_LOGITS, 1, ONE, {{MATMUL("{format}", VOCAB, HIDDEN)}}};

/* ROWS are the patches of an image. The projector has widths of its own: see add_projector. */
static const struct recipe every_image[] = {
  {"encoder's patches",    SLOT_FIXED, 1, ONE,      {{MATMUL("f16", V_HIDDEN, V_PATCH)}}},
  {"encoder's norm",       SLOT_FIXED, 2, V_LAYERS, {{MAP("{sight}", ROWS, V_HIDDEN)}}},
  {"encoder's q, k, v",    SLOT_FIXED, 3, V_LAYERS, {{MATMUL("f16", V_HIDDEN, V_HIDDEN)}}},
  {"encoder's RoPE",       SLOT_FIXED, 2, V_TURNED, {{PER_HEAD("rope_halves", V_HIDDEN, V_EYE)}}},
  /* attention: see ops_attention.c */
  {"encoder's out",        SLOT_FIXED, 1, V_LAYERS, {{MATMUL("f16", V_HIDDEN, V_HIDDEN)}}},
  {"encoder's bias",       SLOT_FIXED, 5, V_LAYERS, {{MAP("bias", ROWS, V_HIDDEN)}}},   /* q, k, v, out, down */
  {"encoder's residual",   SLOT_FIXED, 2, V_LAYERS, {{MAP("residual", ROWS, V_HIDDEN)}}},
  {"encoder's gate, up",   SLOT_FIXED, 1, V_GATES,  {{MATMUL("f16", V_FFN, V_HIDDEN)}}},
  {"encoder's FFN bias",   SLOT_FIXED, 1, V_GATES,  {{MAP("bias", ROWS, V_FFN)}}},
  {"encoder's activation", SLOT_FIXED, 1, V_LAYERS, {{MAP("{see}", ROWS, V_FFN)}}},
  {"encoder's down",       SLOT_FIXED, 1, V_LAYERS, {{MATMUL("f16", V_HIDDEN, V_FFN)}}},
};
enum { EVERY_IMAGE = sizeof every_image / sizeof every_image[0] };

/* ---- from recipes to ops */

static const char *const norm_ops[NORMS] = {"rms_norm", "layer_norm"};

static void fill_in(const char *pattern, const struct model *m, char *out, size_t size) {
  static const char *const rope_ops[ROPES] = {"rope_halves", "rope_pairs"};
  const struct { const char *hole, *value; } holes[] = {
    {"{rope}", rope_ops[m->rope]}, {"{norm}", norm_ops[m->norm]}, {"{activation}", activation_names[m->activation]},
    {"{sight}", norm_ops[m->vision.norm]}, {"{see}", m->vision.gated_ffn ? "swiglu" : "gelu"}};
  const char *open = strchr(pattern, '{');
  for (size_t i = 0; open && i < sizeof holes / sizeof holes[0]; i++) {
    if (strncmp(open, holes[i].hole, strlen(holes[i].hole)) != 0) continue;
    snprintf(out, size, "%.*s%s%s", (int)(open - pattern), pattern, holes[i].value, open + strlen(holes[i].hole));
    return;
  }
  snprintf(out, size, "%s", pattern);
}

bool ops_open_case(const char *family, size_t length, struct kernel_case *kase, struct error *err) {
  char name[32];
  snprintf(name, sizeof name, "%.*s", (int)length, family);
  *kase = (struct kernel_case){.family = family_find(name)};
  if (!kase->family) return error_set(err, ERROR_UNSUPPORTED, "this build has no op '%s'", name);
  for (size_t d = 0; d < kase->family->n_dims; d++) kase->dim[d] = kase->family->dims[d].preset;
  return true;
}

bool ops_set_dim(struct kernel_case *kase, const char *name, int64_t value, struct error *err) {
  for (size_t d = 0; d < kase->family->n_dims; d++)
    if (strcmp(kase->family->dims[d].name, name) == 0) {
      kase->dim[d] = value;
      return true;
    }
  return error_set(err, ERROR_UNSUPPORTED, "op %s has no dimension '%s' in this build", kase->family->name, name);
}

struct op *ops_new(struct workload *w, struct error *err) {
  if ((w->n & (w->n + 1)) == 0) {   /* room for 1, 3, 7, 15, ... */
    struct op *more = realloc(w->ops, (2 * w->n + 1) * sizeof *more);
    if (!more) return error_set(err, ERROR_MEMORY, "out of memory for %zu ops", w->n), NULL;
    w->ops = more;
  }
  w->ops[w->n] = (struct op){0};
  return &w->ops[w->n++];
}

static bool make_step(const struct kernel *kernel, const struct model *m, const int64_t q[QUANTITIES],
                      struct op_step *step, struct error *err) {
  fill_in(kernel->technique, m, step->technique, sizeof step->technique);
  if (!ops_open_case(kernel->technique, strcspn(kernel->technique, "."), &step->kase, err)) return false;
  for (size_t d = 0; d < KERNEL_DIMS && kernel->at[d].dim; d++)
    if (!ops_set_dim(&step->kase, kernel->at[d].dim, q[kernel->at[d].value], err)) return false;
  return true;
}

static bool add_op(struct workload *w, const struct model *m, const struct sweep *sweep, const struct recipe *recipe,
                   struct error *err) {
  int64_t q[QUANTITIES];
  quantities_of(m, w, sweep, q);
  const double count = sweep->times * (double)recipe->times * (double)q[recipe->per];
  if (count == 0 || q[ROWS] == 0) return true;
  struct op *op = ops_new(w, err);
  if (!op) return false;
  *op = (struct op){.name = recipe->name, .phase = sweep->phase, .slot = recipe->slot, .count = count,
                    .essential = recipe->slot < SLOT_ATTENTION};
  for (size_t i = 0; i < OP_WAYS; i++)
    for (size_t s = 0; s < OP_STEPS && recipe->way[i][s].technique; s++)
      if (!make_step(&recipe->way[i][s], m, q, &op->way[i][s], err)) return false;
  return true;
}

static bool add_pass(struct workload *w, const struct model *m, const struct sweep *sweep, struct error *err) {
  for (size_t i = 0; i < EVERY_PASS; i++)
    if (!add_op(w, m, sweep, &every_pass[i], err)) return false;
  w->passes[sweep->phase] += sweep->times;
  w->runs[w->n_runs++] = (struct op_run){sweep->phase, (double)(sweep->sequences * sweep->each), sweep->times};
  return true;
}

/* ---- images */

static bool add_projector(struct workload *w, const struct vision *v, int64_t tokens, double times, struct error *err) {
  for (size_t i = 0; i + 1 < v->n_projector; i++) {
    struct op *op = ops_new(w, err);
    if (!op) return false;
    *op = (struct op){.name = "projector", .phase = PHASE_PREFILL, .slot = SLOT_FIXED, .count = times,
                      .way = {{{.technique = "matmul.f16"}}}};
    struct kernel_case *kase = &op->way[0][0].kase;
    if (!ops_matrix_case(v->projector[i + 1], v->projector[i], kase, err) || !ops_set_dim(kase, "m", tokens, err))
      return false;
  }
  return true;
}

/* Every image of every request, one after another. */
static bool add_images(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  if (task->images == 0) return true;
  const int64_t patches = vision_patches(&m->vision, task->image_side);
  const struct sweep sweep = {PHASE_PREFILL, 1, patches, (double)(task->concurrency * task->images)};
  for (size_t i = 0; i < EVERY_IMAGE; i++)
    if (!add_op(w, m, &sweep, &every_image[i], err)) return false;
  w->passes[PHASE_PREFILL] += sweep.times;
  return ops_add_sight(w, &m->vision, patches, sweep.times, err)
      && add_projector(w, &m->vision, vision_tokens(&m->vision, task->image_side), sweep.times, err);
}

/* ---- the whole */

bool ops_product_case(int64_t m, int64_t n, int64_t k, struct kernel_case *kase, struct error *err) {
  return ops_open_case("matmul", strlen("matmul"), kase, err) && ops_set_dim(kase, "m", m, err)
      && ops_set_dim(kase, "n", n, err) && ops_set_dim(kase, "k", k, err);
}

bool ops_matrix_case(int64_t n, int64_t k, struct kernel_case *kase, struct error *err) {
  return ops_product_case(1, n, k, kase, err);
}

static bool add_prefill(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  const int64_t chunk = w->micro_batch;
  for (size_t i = 0; i < task_n_lengths(task); i++) {
    const struct task_length length = ops_length(m, task, i);
    const int64_t whole = length.prompt / chunk, tail = length.prompt % chunk;
    const double sequences = (double)task->concurrency * length.weight;
    const struct sweep chunks = {PHASE_PREFILL, 1, chunk, sequences * (double)whole};
    const struct sweep rest = {PHASE_PREFILL, 1, tail, sequences};
    if (whole > 0 && !add_pass(w, m, &chunks, err)) return false;
    if (tail > 0 && !add_pass(w, m, &rest, err)) return false;
  }
  const struct sweep last = {PHASE_PREFILL, 1, 1, (double)task->concurrency};
  return ops_add_prefill_attention(w, m, task, err) && add_op(w, m, &last, &logits, err);
}

static bool add_decode(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  const struct sweep step = {PHASE_DECODE, task->concurrency, 1, 1};
  return add_pass(w, m, &step, err) && ops_add_decode_attention(w, m, task, err) && add_op(w, m, &step, &logits, err);
}

static double activation_bytes(const struct model *m, const struct task *t, int64_t micro_batch) {
  const struct vision *v = &m->vision;
  int64_t rows = ops_longest_prompt(m, t);
  if (rows > micro_batch) rows = micro_batch;
  if (rows < t->concurrency) rows = t->concurrency;
  const int64_t routed = m->shared_ffn + m->experts_per_token * m->expert_ffn;
  const int64_t inner = (m->gated_ffn ? 2 : 1) * (m->ffn > routed ? m->ffn : routed);
  const int64_t latent = m->mla.kv_rank ? (m->heads + 1) * (m->mla.kv_rank + m->mla.rope)
                                        : 2 * m->kv_heads * m->head_dim;
  const int64_t row = 2 * m->hidden + m->heads * m->head_dim + latent + inner + m->experts;
  const double text = (double)rows * (double)row + (double)t->concurrency * (double)m->vocab;
  const int64_t seen = 5 * v->hidden + (v->gated_ffn ? 2 : 1) * v->ffn;   /* residual, norm, q, k, v; gate, up */
  const double sight = t->images ? (double)vision_patches(v, t->image_side) * (double)seen : 0;
  return 4.0 * fmax(text, sight);
}

/* What is timed by something near it, or not at all. */
static void add_notes(struct workload *w, const struct model *m, const struct task *task) {
  if (m->window_layers > 0)
    ops_note(w, "sliding windows of %lld positions in %lld layers: no kernel has them; timed as causal attention over "
             "as many pairs, their cache holds the window and %lld positions",
             (long long)m->window, (long long)m->window_layers, (long long)w->micro_batch);
  ops_note_latent(w, m);
  if (task->images > 0)
    ops_note(w, "the image encoder and projector run in f16; attention in it is predicted from causal rows");
  else if (m->vision.layers > 0)
    ops_note(w, "no image in the task: encoder and projector are in memory and never run");
  if (task->arrivals == ARRIVALS_ONE_BY_ONE && task->concurrency > 1 && task->output > 1)
    ops_note(w, "requests arrive one by one: the time to first token is one prompt's and half a decode step, the time "
             "token holds the prompts of others that come meanwhile");
  if (m->unverified[0]) ops_note(w, "of the model's dimensions these were not seen in a source: %s", m->unverified);
  for (size_t i = 0; i < MODEL_NOTES && m->not_costed[i][0]; i++) ops_note(w, "not costed: %s", m->not_costed[i]);
}

static bool fits(const struct model *m, const struct task *task, int64_t *kv_length, struct error *err) {
  *kv_length = 0;
  for (size_t i = 0; i < task_n_lengths(task); i++)
    if (*kv_length < ops_end_of(m, task, i)) *kv_length = ops_end_of(m, task, i);
  if (*kv_length > m->context)
    return error_set(err, ERROR_INPUT, "task '%s' needs %lld positions, model '%s' has a context of %lld; take a "
                     "shorter task", task->id, (long long)*kv_length, m->id, (long long)m->context);
  if (task->images > 0 && m->vision.layers == 0)
    return error_set(err, ERROR_INPUT, "task '%s' has images, model '%s' has no encoder for them; take a "
                     "vision-language model", task->id, m->id);
  return true;
}

bool workload_build(const struct setting *setting, const struct task *task, struct workload *w, struct error *err) {
  const struct model *model = setting->model;
  *w = (struct workload){.micro_batch = setting->micro_batch};
  if (!fits(model, task, &w->kv_length, err)) return false;
  w->activation_bytes = activation_bytes(model, task, w->micro_batch);
  add_notes(w, model, task);
  if (add_images(w, model, task, err) && add_prefill(w, model, task, err) && add_decode(w, model, task, err)
      && ops_add_caches(w, model, task, err) && finetune_workload(w, model, task, &setting->finetune, err))
    return true;
  workload_free(w);
  return false;
}

void workload_free(struct workload *w) {
  free(w->ops);
  *w = (struct workload){0};
}
