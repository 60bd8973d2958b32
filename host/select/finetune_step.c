#include "finetune_step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PASSES = 3 };   /* forward, forward again, gradient of the inputs */

/* ---- memory */

static double base_bytes(const struct model *m, const struct finetune *f) {
  const double nf4 = 4.127 / 8, half = 2;
  double layers = 0;
  for (int c = 0; c < CLASS_LOGITS; c++) layers += model_class_params(m, (enum tensor_class)c);
  return f->method == FINETUNE_QLORA ? nf4 * layers + half * (m->params - layers) : half * m->params;
}

static double activation_bytes(const struct model *m, double tokens) {
  const double hidden = (double)m->hidden;
  const double q = (double)(m->heads * m->head_dim), kv = (double)(m->kv_heads * m->head_dim);
  const int64_t routed = m->experts_per_token * m->expert_ffn + m->shared_ffn;
  const double ffn = (double)(m->ffn > routed ? m->ffn : routed) * (m->gated_ffn ? 4 : 2);
  return 2 * tokens * (hidden * (double)m->layers + 4 * hidden + 2 * q + 2 * kv + ffn);
}

static void count_memory(const struct model *m, const struct finetune *f, struct finetune_step *step) {
  const double tokens = (double)step->tokens;
  step->params = finetune_params(m, f);
  step->base_bytes = base_bytes(m, f);
  step->state_bytes = 16 * step->params;
  step->activation_bytes = activation_bytes(m, tokens);
  step->logits_bytes = 8 * tokens * (double)m->vocab;
  step->memory = step->base_bytes + step->state_bytes + step->activation_bytes + step->logits_bytes;
}

/* ---- time */

struct pass_time { double ns, extrapolated_ns, joules, joules_error; };

static void add(struct pass_time *sum, const struct space_time *time) {
  sum->ns += time->ns;
  sum->extrapolated_ns += time->extrapolated_ns;
  sum->joules += time->joules;
  sum->joules_error += time->joules_error;
}

static bool add_option(const struct space_slot *slot, const char *name, struct pass_time *sum) {
  for (size_t o = 0; o < slot->n; o++)
    if (strcmp(slot->options[o].name, name) == 0) return add(sum, &slot->options[o].time[PHASE_PREFILL]), true;
  return false;
}

static bool add_attention(const struct space_slot *slot, struct pass_time *sum) {
  const struct space_time *best = NULL;
  for (size_t o = 0; o < slot->n; o++) {
    const struct space_time *time = &slot->options[o].time[PHASE_PREFILL];
    if (strcmp(slot->options[o].kv, "f16") == 0 && (!best || time->ns < best->ns)) best = time;
  }
  if (best) add(sum, best);
  return best != NULL;
}

/* Of every token, not of the last one as in a prompt. */
static bool add_logits(const struct space_request *request, int64_t tokens, struct pass_time *sum, struct error *err) {
  const struct model *m = request->setting.model;
  const int64_t chunk = request->setting.micro_batch, rows[] = {chunk, tokens % chunk};
  const double times[] = {(double)(tokens / chunk), tokens % chunk ? 1 : 0};
  for (int i = 0; i < 2; i++) {
    struct kernel_case kase;
    struct cost_estimate e;
    if (times[i] == 0) continue;
    if (!ops_product_case(rows[i], m->vocab, m->hidden, &kase, err)
        || !cost_predict(request->cost, "matmul.f16", &kase, &e, err))
      return false;
    sum->ns += times[i] * e.ns;
    if (e.extrapolated) sum->extrapolated_ns += times[i] * e.ns;
    sum->joules += times[i] * e.joules;
    sum->joules_error += times[i] * e.joules_error;
  }
  return true;
}

static bool time_forward(const struct space_request *request, int64_t tokens, struct pass_time *out,
                         struct error *err) {
  const struct task sample = {.id = "a training sample", .prompt = tokens, .output = 1, .concurrency = 1};
  struct space_request wanted = *request;
  wanted.task = &sample;
  wanted.setting = setting_plain(request->setting.model);
  wanted.setting.finetune = request->setting.finetune;
  wanted.setting.finetune.form = FINETUNE_LIVE;
  wanted.allow_unknown_quality = true;
  wanted.lost = NULL;
  struct space space;
  if (!space_build(&wanted, &space, err)) return false;
  const struct finetune *f = &wanted.setting.finetune;
  bool ok = true;
  *out = (struct pass_time){0};
  for (int c = 0; ok && c < CLASS_LOGITS; c++) {
    const char *format = f->method == FINETUNE_QLORA ? "int4_g32" : "f16";
    ok = add_option(&space.slots[c], format, out)
      || error_set(err, ERROR_UNSUPPORTED, "the result cannot time %s weights of %s with the adapter", format,
                   tensor_class_names[c]);
  }
  ok = ok && (add_attention(&space.slots[SLOT_ATTENTION], out)
              || error_set(err, ERROR_UNSUPPORTED, "the result cannot time attention over 16-bit keys"));
  add(out, &space.fixed[PHASE_PREFILL]);
  space_free(&space);
  return ok && add_logits(&wanted, tokens, out, err);
}

static void count_energy(const struct cost_model *cost, const struct pass_time *forward, struct finetune_step *step) {
  step->joules = PASSES * forward->joules;
  step->joules_error = PASSES * forward->joules_error;
  if (isfinite(step->joules)) return;
  snprintf(step->energy_reason, sizeof step->energy_reason, "%s",
           cost->has_energy ? "that of some op cannot be modelled" : "the result has none, or too little to model the rest");
}

bool finetune_step_of(const struct space_request *request, struct finetune_step *step, struct error *err) {
  const struct model *m = request->setting.model;
  const int64_t wanted = request->task->prompt + request->task->output;
  *step = (struct finetune_step){.tokens = wanted < m->context ? wanted : m->context - 1, .ns = NAN,
                                 .extrapolated_share = NAN, .joules = NAN, .joules_error = NAN};
  count_memory(m, &request->setting.finetune, step);
  struct pass_time forward;
  struct error why = {0};
  if (time_forward(request, step->tokens, &forward, &why)) {
    step->ns = PASSES * forward.ns;
    step->extrapolated_share = forward.extrapolated_ns / forward.ns;
    count_energy(request->cost, &forward, step);
    return true;
  }
  if (why.kind == ERROR_MEMORY) return *err = why, false;
  snprintf(step->reason, sizeof step->reason, "%.500s", why.text);
  snprintf(step->energy_reason, sizeof step->energy_reason, "so is its time");
  return true;
}
