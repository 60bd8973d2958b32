#include "space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const slot_names[SLOT_COUNT] = {"qkv", "attn_out", "ffn_up", "ffn_down", "logits", "attention"};

enum { MAX_TECHNIQUES = 64 };

/* ---- collecting options and refusals; a slot's arrays have room for every pair of techniques */

static bool slot_open(struct space_slot *slot, size_t most, struct error *err) {
  slot->options = calloc(most, sizeof *slot->options);
  slot->refused = calloc(most, sizeof *slot->refused);
  return (slot->options && slot->refused) || error_set(err, ERROR_MEMORY, "out of memory for %zu options", most);
}

static void refuse(struct space_slot *slot, const char *name, const char *reason) {
  struct space_refusal *r = &slot->refused[slot->n_refused++];
  snprintf(r->name, sizeof r->name, "%s", name);
  snprintf(r->reason, sizeof r->reason, "%s", reason);
}

/* Rounded once; the bound keeps sums of all slots within 64 bits. */
static int64_t units(double value) { return llround(fmin(fmax(value, 0), 1e17)); }

static void offer(const struct space_request *request, struct space_slot *slot, struct space_option *option) {
  const char *lost = request->lost ? request->lost(option) : NULL;
  if (lost) {
    refuse(slot, option->name, lost);
    return;
  }
  if (isnan(option->quality.nats) && !request->allow_unknown_quality) {
    char why[256], reason[320];
    quality_text(&option->quality, why, sizeof why);
    snprintf(reason, sizeof reason, "unknown quality (--allow-unknown-quality offers it): %s", why);
    refuse(slot, option->name, reason);
    return;
  }
  option->cost = (struct front_cost){{
    [COORD_TTFT] = units(option->time[PHASE_PREFILL].ns),
    [COORD_TPOT] = units(option->time[PHASE_DECODE].ns),
    [COORD_RESIDENT] = units(option->weight_bytes + option->kv_bytes),
    [COORD_QUALITY] = units(option->quality.nats / QUALITY_UNIT),
    [COORD_SCRATCH] = units(option->scratch_bytes),
  }};
  slot->options[slot->n++] = *option;
}

/* ---- the time of one technique on all its ops of a phase */

static bool add_op(const struct cost_model *cost, const struct technique *technique, const struct kernel_case *kase,
                   enum phase phase, double count, struct space_time *time, double *scratch, struct error *err) {
  struct cost_estimate e;
  if (!cost_predict(cost, technique->id, kase, &e, err)) return false;
  const double ns = count * e.ns;
  time->ns += ns;
  time->lo += count * e.lo;
  time->hi += count * e.hi;
  if (e.extrapolated) time->extrapolated_ns += ns;
  *scratch = fmax(*scratch, e.scratch_bytes);
  const bool own_regime = cost_regime(kase) == (phase == PHASE_DECODE ? REGIME_DECODE : REGIME_PREFILL);
  if (own_regime && ns > time->row_ns) {
    time->row = e.row;
    time->row_ns = ns;
  }
  return true;
}

static bool time_matmuls(const struct space_request *request, const struct workload *work, enum tensor_class class_,
                         struct space_option *option, struct error *err) {
  for (size_t i = 0; i < work->n_matmul; i++) {
    const struct op_matmul *op = &work->matmul[i];
    struct kernel_case kase;
    if (op->class_ == class_
        && !(cost_matmul_case(op, &kase, err) && add_op(request->cost, option->technique[op->phase], &kase, op->phase, op->count,
                                                        &option->time[op->phase], &option->scratch_bytes, err)))
      return false;
  }
  return true;
}

/* ---- slots of weights */

static double class_bytes(const struct model *model, enum tensor_class class_, const struct technique *technique) {
  struct model_matmuls list;
  model_matmuls(model, &list);
  double bytes = 0;
  for (size_t i = 0; i < list.n; i++) {
    const struct model_matmul *w = &list.at[i];
    struct kernel_case kase;
    struct error ignored = {0};
    if (w->class_ == class_ && cost_matmul_case(&(struct op_matmul){.m = 1, .n = w->n, .k = w->k}, &kase, &ignored))
      bytes += (double)w->count * cost_stream_bytes(&kase, technique);
  }
  return class_ == CLASS_LOGITS && !model->tied_embeddings ? 2 * bytes : bytes;
}

/* Rounding noise adds in proportion to the weights it falls on, so a class loses its share of what a whole model does. */
static struct quality_estimate share_of(struct quality_estimate whole, double share) {
  whole.nats *= share;
  whole.lo *= share;
  whole.hi *= share;
  return whole;
}

static bool build_weights(const struct space_request *request, struct space *space, enum tensor_class class_, struct error *err) {
  const struct family *family = family_find("matmul");
  struct space_slot *slot = &space->slots[class_];
  if (!family || !slot_open(slot, family->n_techniques, err)) return family ? false : error_set(err, ERROR_UNSUPPORTED, "this build has no matmul");
  double all = 0;
  for (int c = 0; c < CLASS_COUNT; c++) all += model_class_params(request->model, (enum tensor_class)c);
  slot->share = model_class_params(request->model, class_) / all;

  for (size_t t = 0; t < family->n_techniques; t++) {
    const struct technique *technique = &family->techniques[t];
    struct space_option option = {.technique = {technique, technique}, .rank = t};
    struct error why = {0};
    snprintf(option.name, sizeof option.name, "%s", strchr(technique->id, '.') + 1);
    if (!time_matmuls(request, &space->work, class_, &option, &why)) {
      refuse(slot, option.name, why.text);
      continue;
    }
    option.weight_bytes = class_bytes(request->model, class_, technique);
    option.quality = share_of(quality_of(request->quality, technique->id, request->model->params), slot->share);
    offer(request, slot, &option);
  }
  return true;
}

/* ---- the slot of attention */

/* "attention.flash_split_int8" -> "flash_split" and "int8". */
struct attention_name { char algorithm[48], kv[24]; };

static struct attention_name name_of(const struct technique *technique) {
  const char *name = strchr(technique->id, '.') + 1, *last = strrchr(name, '_');
  struct attention_name out;
  snprintf(out.algorithm, sizeof out.algorithm, "%.*s", last ? (int)(last - name) : 0, name);
  snprintf(out.kv, sizeof out.kv, "%s", last ? last + 1 : name);
  return out;
}

struct attention_part { bool ok; struct space_time time; double scratch; };

static bool time_attention(const struct space_request *request, const struct workload *work, const struct technique *technique,
                           enum phase phase, struct attention_part *part, struct error *err) {
  for (size_t i = 0; i < work->n_attention; i++) {
    const struct op_attention *op = &work->attention[i];
    struct kernel_case kase;
    if (op->phase == phase
        && !(cost_attention_case(op, request->model, &kase, err)
             && add_op(request->cost, technique, &kase, phase, op->count, &part->time, &part->scratch, err)))
      return false;
  }
  return part->ok = true;
}

static double kv_bytes(const struct space_request *request, const struct workload *work, const struct technique *technique) {
  struct kernel_case kase;
  struct error ignored = {0};
  const struct op_attention whole = {.batch = request->task->concurrency, .q = 1, .kv = work->kv_length};
  if (!cost_attention_case(&whole, request->model, &kase, &ignored)) return NAN;
  return (double)request->model->layers * cost_stream_bytes(&kase, technique);
}

static void offer_pair(const struct space_request *request, struct space *space, const struct technique *const technique[PHASE_COUNT],
                       const struct attention_part *const part[PHASE_COUNT], size_t rank) {
  const struct attention_name prefill = name_of(technique[PHASE_PREFILL]), decode = name_of(technique[PHASE_DECODE]);
  struct space_option option = {.rank = rank};
  for (int p = 0; p < PHASE_COUNT; p++) {
    option.technique[p] = technique[p];
    option.time[p] = part[p]->time;
    option.scratch_bytes = fmax(option.scratch_bytes, part[p]->scratch);
  }
  snprintf(option.kv, sizeof option.kv, "%s", decode.kv);
  if (strcmp(prefill.algorithm, decode.algorithm) == 0)
    snprintf(option.name, sizeof option.name, "%s %s", decode.algorithm, decode.kv);
  else
    snprintf(option.name, sizeof option.name, "%s/%s %s", prefill.algorithm, decode.algorithm, decode.kv);
  option.kv_bytes = kv_bytes(request, &space->work, technique[PHASE_DECODE]);
  char key[32];
  snprintf(key, sizeof key, "kv.%s", decode.kv);
  option.quality = quality_of(request->quality, key, request->model->params);
  offer(request, &space->slots[SLOT_ATTENTION], &option);
}

static bool build_attention(const struct space_request *request, struct space *space, struct error *err) {
  const struct family *family = family_find("attention");
  const size_t n = family ? family->n_techniques : 0;
  if (n == 0 || n > MAX_TECHNIQUES) return error_set(err, ERROR_UNSUPPORTED, "this build has %zu attention techniques", n);
  struct space_slot *slot = &space->slots[SLOT_ATTENTION];
  slot->share = 1;
  if (!slot_open(slot, n * n + n * PHASE_COUNT, err)) return false;

  struct attention_part parts[MAX_TECHNIQUES][PHASE_COUNT] = {{{0}}};
  for (size_t t = 0; t < n; t++)
    for (int p = 0; p < PHASE_COUNT; p++) {
      struct error why = {0};
      if (!time_attention(request, &space->work, &family->techniques[t], (enum phase)p, &parts[t][p], &why)) {
        char name[96];
        snprintf(name, sizeof name, "%.60s (%s)", strchr(family->techniques[t].id, '.') + 1, p == PHASE_PREFILL ? "prefill" : "decode");
        refuse(slot, name, why.text);
      }
    }

  for (size_t a = 0; a < n; a++)
    for (size_t b = 0; b < n; b++) {
      const struct technique *const pair[PHASE_COUNT] = {&family->techniques[a], &family->techniques[b]};
      const struct attention_part *const part[PHASE_COUNT] = {&parts[a][PHASE_PREFILL], &parts[b][PHASE_DECODE]};
      if (!part[0]->ok || !part[1]->ok || strcmp(name_of(pair[0]).kv, name_of(pair[1]).kv) != 0) continue;
      offer_pair(request, space, pair, part, a == b ? a : n + a * n + b);
    }
  return true;
}

/* ---- the whole */

static bool check_slot(const struct space_slot *slot, const char *name, struct error *err) {
  if (slot->n > 0) return true;
  char reasons[800] = "";
  for (size_t i = 0, used = 0; i < slot->n_refused && used < sizeof reasons - 1; i++) {
    int wrote = snprintf(reasons + used, sizeof reasons - used, "%s%s: %s", i ? "; " : "", slot->refused[i].name, slot->refused[i].reason);
    used += wrote > 0 ? (size_t)wrote : 0;
  }
  return error_set(err, ERROR_INFEASIBLE, "no technique can be offered for %s: %s; measure more with `vkpareto run --suite standard`",
                   name, reasons);
}

/* What runs whatever is chosen: one launch per op without a row, one submission per pass. */
static void count_launches(const struct result *result, struct space *space) {
  const double dispatch = result->ceilings.dispatch_ns, submit = result->ceilings.submit_ns;
  space->launches_known = isfinite(dispatch) && isfinite(submit);
  for (int p = 0; p < PHASE_COUNT; p++) {
    double ns = space->work.launches[p] * (isfinite(dispatch) ? dispatch : 0) + space->work.passes[p] * (isfinite(submit) ? submit : 0);
    space->fixed[p] = (struct space_time){.ns = ns, .lo = ns, .hi = ns};
  }
}

bool space_build(const struct space_request *request, struct space *space, struct error *err) {
  *space = (struct space){.fixed_bytes = model_fixed_bytes(request->model), .quality_known = true};
  bool ok = workload_build(request->model, request->task, &space->work, err);
  for (int c = 0; ok && c < CLASS_COUNT; c++) ok = build_weights(request, space, (enum tensor_class)c, err);
  ok = ok && build_attention(request, space, err);
  for (int s = 0; ok && s < SLOT_COUNT; s++) ok = check_slot(&space->slots[s], slot_names[s], err);
  if (!ok) {
    space_free(space);
    return false;
  }

  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++)
      if (isnan(space->slots[s].options[o].quality.nats)) space->quality_known = false;
  for (int s = 0; !space->quality_known && s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++) space->slots[s].options[o].cost.at[COORD_QUALITY] = 0;

  space->activation_bytes = space->work.activation_bytes;
  count_launches(request->cost->result, space);
  space->base = (struct front_cost){{
    [COORD_TTFT] = units(space->fixed[PHASE_PREFILL].ns),
    [COORD_TPOT] = units(space->fixed[PHASE_DECODE].ns),
    [COORD_RESIDENT] = units(space->fixed_bytes + space->activation_bytes),
  }};
  return true;
}

void space_free(struct space *space) {
  for (int s = 0; s < SLOT_COUNT; s++) {
    free(space->slots[s].options);
    free(space->slots[s].refused);
  }
  workload_free(&space->work);
  *space = (struct space){0};
}
