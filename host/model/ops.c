#include "ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- quantities: what the dimensions and counts of ops are made of */

enum quantity {
  ZERO, ONE,
  ROWS, SEQUENCES, EACH,                        /* tokens of a pass: ROWS = SEQUENCES x EACH */
  HIDDEN, Q_WIDTH, KV_WIDTH, HEAD, HEADS, KV_HEADS, KV_LENGTH, VOCAB,
  FFN, EXPERTS, TOPK, EXPERT_FFN, EXPERT_UP,    /* EXPERT_UP: gate and up of an expert as one matrix */
  SLOTS,                                        /* rows that go through experts: ROWS x TOPK */
  LAYERS,                                       /* layers, then those of some kind: */
  BIASED, HEAD_NORMED, WHOLE_NORMED, TURNED,    /* with qkv bias, q/k norm of either kind, RoPE of q apart */
  DENSE, ROUTED, SHARED,                        /* with a dense FFN, with experts, with a shared one */
  GATES,                                        /* matrices of gate and up in dense layers */
  QUANTITIES
};

struct sweep { enum phase phase; int64_t sequences, each; double times; };

static void quantities_of(const struct model *m, const struct workload *w, const struct sweep *sweep,
                          int64_t q[QUANTITIES]) {
  const int64_t layers = m->layers, up = m->gated_ffn ? 2 : 1;
  q[ZERO] = 0, q[ONE] = 1;
  q[SEQUENCES] = sweep->sequences, q[EACH] = sweep->each, q[ROWS] = sweep->sequences * sweep->each;
  q[HIDDEN] = m->hidden, q[HEAD] = m->head_dim, q[HEADS] = m->heads, q[KV_HEADS] = m->kv_heads, q[VOCAB] = m->vocab;
  q[Q_WIDTH] = m->heads * m->head_dim, q[KV_WIDTH] = m->kv_heads * m->head_dim, q[KV_LENGTH] = w->kv_length;
  q[FFN] = m->ffn, q[EXPERTS] = m->experts, q[TOPK] = m->experts_per_token;
  q[EXPERT_FFN] = m->expert_ffn, q[EXPERT_UP] = up * m->expert_ffn, q[SLOTS] = q[ROWS] * q[TOPK];
  q[LAYERS] = layers, q[BIASED] = m->qkv_bias ? layers : 0;
  q[DENSE] = m->ffn ? layers : 0, q[GATES] = up * q[DENSE];
  q[ROUTED] = m->experts ? layers : 0, q[SHARED] = m->experts && m->ffn ? layers : 0;
  q[HEAD_NORMED] = m->qk_norm == QK_NORM_HEAD ? layers : 0, q[WHOLE_NORMED] = m->qk_norm == QK_NORM_WHOLE ? layers : 0;
  q[TURNED] = layers - q[HEAD_NORMED];
}

/* ---- the ops of a pass through the model */

/* "{rope}" and "{activation}" are the model's. */
struct kernel { const char *technique; struct { const char *dim; enum quantity value; } at[KERNEL_DIMS]; };

#define MATMUL(format, rows, columns) {"matmul." format, {{"m", ROWS}, {"n", rows}, {"k", columns}}}
#define NORM(width) {"block.rms_norm", {{"rows", ROWS}, {"width", width}}}
#define PER_HEAD(op, width) {"block." op, {{"rows", ROWS}, {"width", width}, {"head", HEAD}}}
#define MAP(op, rows_, width) {"block." op, {{"rows", rows_}, {"width", width}}}
#define EMBED {"block.embed", {{"rows", ROWS}, {"width", HIDDEN}, {"vocab", VOCAB}}}
#define APPEND(op) \
  {"kv_cache." op "append_{format}", \
   {{"batch", SEQUENCES}, {"rows", EACH}, {"kv", KV_LENGTH}, {"kv_heads", KV_HEADS}, {"head", HEAD}}}
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
 * sorting tokens by expert is part of it. */
static const struct recipe every_pass[] = {
  {"embedding",              SLOT_FIXED,     1, ONE,          {{EMBED}}},
  {"norm",                   SLOT_FIXED,     1, ONE,          {{NORM(HIDDEN)}}},
  {"q",                      CLASS_QKV,      1, LAYERS,       {{MATMUL("{format}", Q_WIDTH, HIDDEN)}}},
  {"k, v",                   CLASS_QKV,      2, LAYERS,       {{MATMUL("{format}", KV_WIDTH, HIDDEN)}}},
  {"bias of q",              SLOT_FIXED,     1, BIASED,       {{MAP("bias", ROWS, Q_WIDTH)}}},
  {"bias of k, v",           SLOT_FIXED,     2, BIASED,       {{MAP("bias", ROWS, KV_WIDTH)}}},
  {"q norm",                 SLOT_FIXED,     1, WHOLE_NORMED, {{NORM(Q_WIDTH)}}},
  {"k norm",                 SLOT_FIXED,     1, WHOLE_NORMED, {{NORM(KV_WIDTH)}}},
  {"k norm",                 SLOT_FIXED,     1, HEAD_NORMED,  {{PER_HEAD("head_norm", KV_WIDTH)}}},
  {"q norm, RoPE of q",      SLOT_FIXED,     1, HEAD_NORMED,
   {{PER_HEAD("head_norm_{rope}", Q_WIDTH)}, {PER_HEAD("head_norm", Q_WIDTH), PER_HEAD("{rope}", Q_WIDTH)}}},
  {"RoPE of q",              SLOT_FIXED,     1, TURNED,       {{PER_HEAD("{rope}", Q_WIDTH)}}},
  {"RoPE of k, append of k", SLOT_ATTENTION, 1, LAYERS,
   {{APPEND("{rope}_")}, {PER_HEAD("{rope}", KV_WIDTH), APPEND("")}}},
  {"append of v",            SLOT_ATTENTION, 1, LAYERS,       {{APPEND("")}}},
  /* attention: see add_attention */
  {"attention out",          CLASS_ATTN_OUT, 1, LAYERS,       {{MATMUL("{format}", HIDDEN, Q_WIDTH)}}},
  {"residual, norm",         SLOT_FIXED,     2, LAYERS,
   {{MAP("add_rms_norm", ROWS, HIDDEN)}, {MAP("residual", ROWS, HIDDEN), NORM(HIDDEN)}}},
  {"gate, up",               CLASS_FFN_UP,   1, GATES,        {{MATMUL("{format}", FFN, HIDDEN)}}},
  {"activation",             SLOT_FIXED,     1, DENSE,        {{MAP("{activation}", ROWS, FFN)}}},
  {"down",                   CLASS_FFN_DOWN, 1, DENSE,        {{MATMUL("{format}", HIDDEN, FFN)}}},
  {"router's logits",        SLOT_FIXED,     1, ROUTED,       {{MATMUL("f32", EXPERTS, HIDDEN)}}},
  {"router",                 SLOT_FIXED,     1, ROUTED,       {{ROUTER}}},
  {"experts' gate, up",      CLASS_FFN_UP,   1, ROUTED,       {{ALL_EXPERTS(EXPERT_UP, HIDDEN, ZERO)}}},
  {"experts' activation",    SLOT_FIXED,     1, ROUTED,       {{MAP("{activation}", SLOTS, EXPERT_FFN)}}},
  {"experts' down",          CLASS_FFN_DOWN, 1, ROUTED,       {{ALL_EXPERTS(HIDDEN, EXPERT_FFN, ONE)}}},
  {"shared expert added",    SLOT_FIXED,     1, SHARED,       {{MAP("residual", ROWS, HIDDEN)}}},
};
enum { EVERY_PASS = sizeof every_pass / sizeof every_pass[0] };

/* Of one token per sequence only. */
static const struct recipe logits = {"logits", CLASS_LOGITS, 1, ONE, {{MATMUL("{format}", VOCAB, HIDDEN)}}};

/* ---- from recipes to ops */

static void fill_in(const char *pattern, const struct model *m, char *out, size_t size) {
  static const char *const ropes[ROPES] = {"rope_halves", "rope_pairs"};
  const char *open = strchr(pattern, '{'), *close = open ? strchr(open, '}') : NULL;
  const char *value = !open ? NULL : strncmp(open, "{rope}", 6) == 0 ? ropes[m->rope]
                    : strncmp(open, "{activation}", 12) == 0 ? activation_names[m->activation] : NULL;
  if (value)
    snprintf(out, size, "%.*s%s%s", (int)(open - pattern), pattern, value, close + 1);
  else
    snprintf(out, size, "%s", pattern);
}

static bool open_case(const char *family, size_t length, struct kernel_case *kase, struct error *err) {
  char name[32];
  snprintf(name, sizeof name, "%.*s", (int)length, family);
  *kase = (struct kernel_case){.family = family_find(name)};
  if (!kase->family) return error_set(err, ERROR_UNSUPPORTED, "this build has no op '%s'", name);
  for (size_t d = 0; d < kase->family->n_dims; d++) kase->dim[d] = kase->family->dims[d].preset;
  return true;
}

static bool set_dim(struct kernel_case *kase, const char *name, int64_t value, struct error *err) {
  for (size_t d = 0; d < kase->family->n_dims; d++)
    if (strcmp(kase->family->dims[d].name, name) == 0) {
      kase->dim[d] = value;
      return true;
    }
  return error_set(err, ERROR_UNSUPPORTED, "op %s has no dimension '%s' in this build", kase->family->name, name);
}

static bool make_step(const struct kernel *kernel, const struct model *m, const int64_t q[QUANTITIES],
                      struct op_step *step, struct error *err) {
  fill_in(kernel->technique, m, step->technique, sizeof step->technique);
  if (!open_case(kernel->technique, strcspn(kernel->technique, "."), &step->kase, err)) return false;
  for (size_t d = 0; d < KERNEL_DIMS && kernel->at[d].dim; d++)
    if (!set_dim(&step->kase, kernel->at[d].dim, q[kernel->at[d].value], err)) return false;
  return true;
}

static bool add_op(struct workload *w, const struct model *m, const struct sweep *sweep, const struct recipe *recipe,
                   struct error *err) {
  int64_t q[QUANTITIES];
  quantities_of(m, w, sweep, q);
  const double count = sweep->times * (double)recipe->times * (double)q[recipe->per];
  if (count == 0 || q[ROWS] == 0) return true;
  struct op *op = &w->ops[w->n++];
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
  return true;
}

bool ops_matrix_case(int64_t n, int64_t k, struct kernel_case *kase, struct error *err) {
  return open_case("matmul", strlen("matmul"), kase, err) && set_dim(kase, "m", 1, err) && set_dim(kase, "n", n, err)
      && set_dim(kase, "k", k, err);
}

bool ops_attention_case(const struct model *m, int64_t batch, int64_t q, int64_t kv, struct kernel_case *kase,
                        struct error *err) {
  return open_case("attention", strlen("attention"), kase, err) && set_dim(kase, "batch", batch, err)
      && set_dim(kase, "q", q, err) && set_dim(kase, "kv", kv, err) && set_dim(kase, "heads", m->heads, err)
      && set_dim(kase, "kv_heads", m->kv_heads, err) && set_dim(kase, "head", m->head_dim, err);
}

/* Causal: the q queries of each of `batch` sequences are the last of its kv positions. */
static bool add_attention(struct workload *w, const struct model *m, enum phase phase, int64_t batch, int64_t q,
                          int64_t kv, double times, struct error *err) {
  struct op *op = &w->ops[w->n++];
  *op = (struct op){.name = "attention", .phase = phase, .slot = SLOT_ATTENTION, .essential = true,
                    .count = times * (double)m->layers, .way = {{{.technique = "attention.{algorithm}_{format}"}}}};
  return ops_attention_case(m, batch, q, kv, &op->way[0][0].kase, err);
}

static bool add_prefill(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  const int64_t whole = task->prompt / MICRO_BATCH, tail = task->prompt % MICRO_BATCH;
  const double sequences = (double)task->concurrency;
  const struct sweep chunks = {PHASE_PREFILL, 1, MICRO_BATCH, sequences * (double)whole};
  const struct sweep rest = {PHASE_PREFILL, 1, tail, sequences}, last = {PHASE_PREFILL, 1, 1, sequences};
  if (whole > 0 && !add_pass(w, m, &chunks, err)) return false;
  if (tail > 0 && !add_pass(w, m, &rest, err)) return false;
  for (int64_t done = 0; done < task->prompt; done += MICRO_BATCH) {
    const int64_t q = task->prompt - done < MICRO_BATCH ? tail : MICRO_BATCH;
    if (!add_attention(w, m, PHASE_PREFILL, 1, q, done + q, sequences, err)) return false;
  }
  return add_op(w, m, &last, &logits, err);
}

/* Step i = 1..output-1 attends to prompt + i positions: the first token came with the prefill. */
static bool add_decode(struct workload *w, const struct model *m, const struct task *task, struct error *err) {
  const struct sweep step = {PHASE_DECODE, task->concurrency, 1, 1};
  const int64_t mean = task->prompt + (task->output + 1) / 2;
  return add_pass(w, m, &step, err) && add_attention(w, m, PHASE_DECODE, task->concurrency, 1, mean, 1, err)
      && add_op(w, m, &step, &logits, err);
}

static double activation_bytes(const struct model *m, const struct task *t) {
  int64_t rows = t->prompt < MICRO_BATCH ? t->prompt : MICRO_BATCH;
  if (rows < t->concurrency) rows = t->concurrency;
  const int64_t inner = (m->gated_ffn ? 2 : 1) * (m->ffn + m->experts_per_token * m->expert_ffn);
  const int64_t row = 2 * m->hidden + (m->heads + 2 * m->kv_heads) * m->head_dim + inner + m->experts;
  return 4.0 * ((double)rows * (double)row + (double)t->concurrency * (double)m->vocab);
}

bool workload_build(const struct model *model, const struct task *task, struct workload *w, struct error *err) {
  *w = (struct workload){.kv_length = task->prompt + task->output, .activation_bytes = activation_bytes(model, task)};
  if (w->kv_length > model->context)
    return error_set(err, ERROR_INPUT, "task '%s' needs %lld positions, model '%s' has a context of %lld; take a shorter task",
                     task->id, (long long)w->kv_length, model->id, (long long)model->context);
  const size_t chunks = (size_t)((task->prompt + MICRO_BATCH - 1) / MICRO_BATCH);
  const size_t passes = 3, attentions = chunks + 1, logits_ops = 2;   /* whole chunks, the tail, a decode step */
  w->ops = calloc(passes * EVERY_PASS + attentions + logits_ops, sizeof *w->ops);
  if (!w->ops) return error_set(err, ERROR_MEMORY, "out of memory for the ops of %zu prompt chunks", chunks);
  if (add_prefill(w, model, task, err) && add_decode(w, model, task, err)) return true;
  workload_free(w);
  return false;
}

void workload_free(struct workload *w) {
  free(w->ops);
  *w = (struct workload){0};
}
