#include "ops.h"

#include <stdlib.h>

/* One launch each, as a straightforward engine without fusion would make them. */
const struct op_uncosted ops_uncosted[] = {
  {"RMSNorm", 2, 1},
  {"RoPE", 2, 0},
  {"KV cache append", 2, 0},
  {"activation (SwiGLU)", 1, 0},
  {"residual add", 2, 0},
  {"embedding gather", 0, 1},
  {"sampling", 0, 1},
};
const size_t n_ops_uncosted = sizeof ops_uncosted / sizeof ops_uncosted[0];

static double launches_per_pass(const struct model *model) {
  double n = 0;
  for (size_t i = 0; i < n_ops_uncosted; i++)
    n += (double)(ops_uncosted[i].per_layer * model->layers + ops_uncosted[i].per_pass);
  return n;
}

/* Every matrix of the layers once for m tokens, `passes` times. The logits are added apart. */
static void add_layers(struct workload *w, const struct model_matmuls *list, enum phase phase, int64_t m, double passes) {
  for (size_t i = 0; m > 0 && passes > 0 && i < list->n; i++)
    if (list->at[i].class_ != CLASS_LOGITS)
      w->matmul[w->n_matmul++] = (struct op_matmul){phase, list->at[i].class_, m, list->at[i].n, list->at[i].k,
                                                    passes * (double)list->at[i].count};
}

static void add_logits(struct workload *w, const struct model *model, enum phase phase, int64_t m, double count) {
  w->matmul[w->n_matmul++] = (struct op_matmul){phase, CLASS_LOGITS, m, model->vocab, model->hidden, count};
}

static void add_attention(struct workload *w, enum phase phase, int64_t batch, int64_t q, int64_t kv, double count) {
  w->attention[w->n_attention++] = (struct op_attention){phase, batch, q, kv, count};
}

static double activation_bytes(const struct model *m, const struct task *t) {
  int64_t rows = t->prompt < MICRO_BATCH ? t->prompt : MICRO_BATCH;
  if (rows < t->concurrency) rows = t->concurrency;
  int64_t row = 2 * m->hidden + (m->heads + 2 * m->kv_heads) * m->head_dim + (m->gated_ffn ? 2 : 1) * m->ffn;
  return 4.0 * ((double)rows * (double)row + (double)t->concurrency * (double)m->vocab);
}

bool workload_build(const struct model *model, const struct task *task, struct workload *w, struct error *err) {
  *w = (struct workload){.kv_length = task->prompt + task->output, .activation_bytes = activation_bytes(model, task)};
  if (w->kv_length > model->context)
    return error_set(err, ERROR_INPUT, "task '%s' needs %lld positions, model '%s' has a context of %lld; take a shorter task",
                     task->id, (long long)w->kv_length, model->id, (long long)model->context);

  const int64_t whole = task->prompt / MICRO_BATCH, tail = task->prompt % MICRO_BATCH, chunks = whole + (tail > 0);
  struct model_matmuls list;
  model_matmuls(model, &list);
  w->matmul = calloc(3 * list.n, sizeof *w->matmul);
  w->attention = calloc((size_t)chunks + 1, sizeof *w->attention);
  if (!w->matmul || !w->attention) {
    workload_free(w);
    return error_set(err, ERROR_MEMORY, "out of memory for the ops of %lld prompt chunks", (long long)chunks);
  }

  const double sequences = (double)task->concurrency, layers = (double)model->layers;
  add_layers(w, &list, PHASE_PREFILL, MICRO_BATCH, sequences * (double)whole);
  add_layers(w, &list, PHASE_PREFILL, tail, sequences);
  add_logits(w, model, PHASE_PREFILL, 1, sequences);
  for (int64_t c = 0; c < chunks; c++) {
    int64_t q = c < whole ? MICRO_BATCH : tail;
    add_attention(w, PHASE_PREFILL, 1, q, c * MICRO_BATCH + q, sequences * layers);
  }

  add_layers(w, &list, PHASE_DECODE, task->concurrency, 1);
  add_logits(w, model, PHASE_DECODE, task->concurrency, 1);
  /* Step i = 1..output-1 attends to prompt + i positions: the first token came with the prefill. */
  add_attention(w, PHASE_DECODE, task->concurrency, 1, task->prompt + (task->output + 1) / 2, layers);

  w->passes[PHASE_PREFILL] = sequences * (double)chunks;
  w->passes[PHASE_DECODE] = 1;
  for (int p = 0; p < PHASE_COUNT; p++) w->launches[p] = w->passes[p] * launches_per_pass(model);
  return true;
}

void workload_free(struct workload *w) {
  free(w->matmul);
  free(w->attention);
  *w = (struct workload){0};
}
