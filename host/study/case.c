#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study.h"

const char *const study_pick_names[PICK_COUNT] = {"default", "naive", "single stage", "manual", "EfficientLLM", "joint",
                                                  "free of loss"};
const char *const study_status_names[CASE_STATUSES] = {"fits", "only tuned fits", "nothing fits", "not costed"};

struct context {
  const struct space *space;
  const struct task *task;
  const struct baselines *baselines;
  struct pick_limits limits;
  uint8_t base[SLOT_COUNT];
  struct prediction plain;
};

/* ---- one configuration */

static void describe(const struct space *space, const uint8_t choice[SLOT_COUNT], char *out, size_t size) {
  const char *first = space->slots[0].options[choice[0]].name;
  bool uniform = true;
  for (int c = 1; c < CLASS_COUNT; c++)
    uniform = uniform && strcmp(space->slots[c].options[choice[c]].name, first) == 0;
  size_t used = 0;
  out[0] = '\0';
  for (int c = 0; c < CLASS_COUNT && used < size && !uniform; c++)
    used += (size_t)snprintf(out + used, size - used, "%s%s %s", c ? ", " : "", slot_names[c],
                             space->slots[c].options[choice[c]].name);
  if (uniform) used = (size_t)snprintf(out, size, "%s", first);
  const struct space_slot *attention = &space->slots[SLOT_ATTENTION];
  if (used < size) snprintf(out + used, size - used, "; %s", attention->options[choice[SLOT_ATTENTION]].name);
}

static double request(const struct space *space, double ttft, double tpot) { return ttft + space->decode_steps * tpot; }

static void keep(const struct context *c, const uint8_t choice[SLOT_COUNT], struct study_pick *out) {
  const struct prediction p = choose_predict(c->space, c->task, choice);
  out->known = true;
  out->fits = p.memory <= c->limits.memory;
  out->within_quality = p.quality_nats.value <= c->limits.quality_nats;
  out->memory = p.memory;
  out->ttft_ns = p.ttft_ns;
  out->tpot_ns = p.tpot_ns;
  out->request_ns = (struct range){p.request_ns, request(c->space, p.ttft_ns.lo, p.tpot_ns.lo),
                                   request(c->space, p.ttft_ns.hi, p.tpot_ns.hi)};
  out->request_half = (out->request_ns.hi - out->request_ns.lo) / 2;
  out->quality_nats = p.quality_nats;
  out->token_joules = p.token_joules;
  out->gain = gain_of(&c->plain, &p);
  describe(c->space, choice, out->choice, sizeof out->choice);
}

static void miss(struct study_pick *out, const char *reason) {
  snprintf(out->reason, sizeof out->reason, "%s", reason);
}

static void keep_or_miss(const struct context *c, bool found, const uint8_t choice[SLOT_COUNT], const struct error *err,
                         struct study_pick *out) {
  if (found) keep(c, choice, out);
  else miss(out, err->text);
}

/* ---- the baselines */

static bool single_stage(const struct context *c, struct study_pick *out, struct error *err) {
  struct error why = {0};
  for (int stage = STAGE_WEIGHTS; stage <= STAGE_ATTENTION; stage++) {
    uint8_t choice[SLOT_COUNT];
    struct study_pick here = {.stage = (enum pick_stage)stage};
    if (pick_best(c->space, c->task, c->base, (enum pick_stage)stage, &c->limits, choice, &why)) {
      keep(c, choice, &here);
      if (!out->known || here.gain.mean > out->gain.mean) *out = here;
    } else if (why.kind == ERROR_MEMORY) {
      *err = why;
      return false;
    }
  }
  if (!out->known) miss(out, why.text);
  return true;
}

static void manual(const struct context *c, struct study_pick *out) {
  const char *format[CLASS_COUNT];
  for (int k = 0; k < CLASS_COUNT; k++) format[k] = c->baselines->manual[k];
  uint8_t choice[SLOT_COUNT];
  struct error why = {0};
  keep_or_miss(c, pick_weights(c->space, format, choice, &why), choice, &why, out);
}

static void ranked(const struct context *c, const struct model *model, struct study_pick *out) {
  const struct baseline_band *band = baselines_band(c->baselines, model->params);
  if (!band) {
    snprintf(out->reason, sizeof out->reason, "EfficientLLM ranks no formats for models of %.3gB", model->params / 1e9);
    return;
  }
  const char *format[CLASS_COUNT];
  for (int k = 0; k < CLASS_COUNT; k++) format[k] = band->ours;
  uint8_t choice[SLOT_COUNT];
  struct error why = {0};
  keep_or_miss(c, pick_weights(c->space, format, choice, &why), choice, &why, out);
}

static bool best(const struct context *c, enum pick_stage stage, struct study_case *out, enum study_pick_kind kind,
                 struct error *err) {
  uint8_t choice[SLOT_COUNT];
  struct error why = {0};
  const bool found = pick_best(c->space, c->task, c->base, stage, &c->limits, choice, &why);
  if (why.kind == ERROR_MEMORY) return *err = why, false;
  keep_or_miss(c, found, choice, &why, &out->picks[kind]);
  if (!found || kind != PICK_JOINT) return true;
  out->time_is_tie = choose_times_tie(c->space, c->task, choice, c->base);
  out->rest_share = request(c->space, c->space->fixed[PHASE_PREFILL].ns, c->space->fixed[PHASE_DECODE].ns)
                  / out->picks[kind].request_ns.value;
  return true;
}

/* ---- the order of techniques */

struct candidate { uint8_t choice[SLOT_COUNT]; bool attention; };

static void add_candidate(const struct context *c, struct study_order *order, struct candidate *list, const char *name,
                          bool attention, const uint8_t choice[SLOT_COUNT]) {
  if (order->n == STUDY_TECHNIQUES) return;
  snprintf(order->name[order->n], sizeof *order->name, "%s %.50s", attention ? "attention" : "weights", name);
  list[order->n].attention = attention;
  memcpy(list[order->n++].choice, choice, sizeof c->base);
}

static void add_weights(const struct context *c, struct study_order *order, struct candidate *list) {
  const struct space_slot *slot = &c->space->slots[0];
  for (size_t o = 0; o < slot->n; o++) {
    const char *const format[CLASS_COUNT] = {slot->options[o].name, slot->options[o].name, slot->options[o].name,
                                             slot->options[o].name, slot->options[o].name};
    uint8_t choice[SLOT_COUNT];
    struct error ignored = {0};
    if (pick_weights(c->space, format, choice, &ignored)) add_candidate(c, order, list, format[0], false, choice);
  }
}

/* One algorithm for both phases; pairs follow from these. */
static void add_attention(const struct context *c, struct study_order *order, struct candidate *list) {
  const struct space_slot *slot = &c->space->slots[SLOT_ATTENTION];
  for (size_t o = 0; o < slot->n; o++) {
    if (slot->options[o].technique[PHASE_PREFILL] != slot->options[o].technique[PHASE_DECODE]) continue;
    uint8_t choice[SLOT_COUNT];
    memcpy(choice, c->base, sizeof choice);
    choice[SLOT_ATTENTION] = (uint8_t)o;
    add_candidate(c, order, list, slot->options[o].name, true, choice);
  }
}

static bool error_known(const struct prediction *p) {
  return isfinite(p->ttft_ns.hi - p->ttft_ns.lo) && isfinite(p->tpot_ns.hi - p->tpot_ns.lo);
}

static int8_t order_of(const struct context *c, const uint8_t a[SLOT_COUNT], const uint8_t b[SLOT_COUNT]) {
  if (choose_times_tie(c->space, c->task, a, b)) return 0;
  const struct prediction x = choose_predict(c->space, c->task, a), y = choose_predict(c->space, c->task, b);
  const int sure = error_known(&x) && error_known(&y) ? 2 : 1;
  return (int8_t)(x.request_ns < y.request_ns ? -sure : x.request_ns > y.request_ns ? sure : 0);
}

static bool find_order(const struct context *c, struct study_order *order, struct error *err) {
  struct candidate list[STUDY_TECHNIQUES];
  order->name = calloc(STUDY_TECHNIQUES, sizeof *order->name);
  order->faster = calloc(STUDY_TECHNIQUES, sizeof *order->faster);
  if (!order->name || !order->faster) return error_set(err, ERROR_MEMORY, "out of memory for the order of techniques");
  add_weights(c, order, list);
  add_attention(c, order, list);
  for (size_t a = 0; a < order->n; a++)
    for (size_t b = 0; b < order->n; b++)
      if (a != b && list[a].attention == list[b].attention)
        order->faster[a][b] = order_of(c, list[a].choice, list[b].choice);
  return true;
}

/* ---- the case */

static bool by_arithmetic(const struct context *c) {
  const struct space_time *largest = NULL;
  for (int k = 0; k < CLASS_COUNT; k++) {
    const struct space_time *time = &c->space->slots[k].options[c->base[k]].time[PHASE_PREFILL];
    if (time->row && (!largest || time->row_ns > largest->row_ns)) largest = time;
  }
  return largest && !largest->row->memory_bound;
}

static void count_unknown(const struct space *space, struct study_case *out) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++) out->n_unknown += isnan(space->slots[s].options[o].quality.nats);
  out->n_uncosted = space->n_uncosted;
}

static bool fill(struct context *c, const struct model *model, struct study_case *out, struct error *err) {
  struct error why = {0};
  if (!pick_plain(c->space, "flash", c->base, &why)) {
    out->status = CASE_NOT_COSTED;
    snprintf(out->reason, sizeof out->reason, "the default: %.480s", why.text);
    return true;
  }
  c->plain = choose_predict(c->space, c->task, c->base);
  keep(c, c->base, &out->picks[PICK_DEFAULT]);
  out->prefill_share = c->plain.ttft_ns.value / c->plain.request_ns;
  uint8_t choice[SLOT_COUNT];
  keep_or_miss(c, pick_plain(c->space, "naive", choice, &why), choice, &why, &out->picks[PICK_NAIVE]);
  manual(c, &out->picks[PICK_MANUAL]);
  ranked(c, model, &out->picks[PICK_RANKED]);
  count_unknown(c->space, out);
  out->prefill_by_arithmetic = by_arithmetic(c);
  if (!single_stage(c, &out->picks[PICK_SINGLE], err) || !best(c, STAGE_ALL, out, PICK_JOINT, err)
      || !best(c, STAGE_UNKNOWN, out, PICK_FREE, err) || !find_order(c, &out->order, err))
    return false;
  const struct study_pick *joint = &out->picks[PICK_JOINT];
  out->status = out->picks[PICK_DEFAULT].fits ? CASE_FITS : joint->known ? CASE_ONLY_TUNED : CASE_NOTHING_FITS;
  if (!joint->known) snprintf(out->reason, sizeof out->reason, "%s", joint->reason);
  return true;
}

static struct pick_limits limits_of(const struct study *study, const struct result *result) {
  const uint64_t has = caps_memory(&result->caps);
  const double memory = isnan(study->memory) ? (double)has : study->memory;
  return (struct pick_limits){memory > 0 ? memory : INFINITY, study->baselines.quality_nats};
}

bool study_case_make(const struct study *study, const struct cost_model *cost, const struct quality *quality,
                     struct study_case *out, struct error *err) {
  const struct model *model = study->models[out->model].model;
  const struct task *task = study->tasks[out->task];
  const struct space_request wanted = {.cost = cost, .quality = quality, .setting = setting_plain(model), .task = task,
                                       .allow_unknown_quality = true};
  struct space space;
  struct error why = {0};
  out->prefill_share = out->rest_share = NAN;
  if (!space_build(&wanted, &space, &why)) {
    if (why.kind == ERROR_MEMORY) return *err = why, false;
    out->status = CASE_NOT_COSTED;
    snprintf(out->reason, sizeof out->reason, "%.500s", why.text);
    return true;
  }
  struct context c = {.space = &space, .task = task, .baselines = &study->baselines,
                      .limits = limits_of(study, cost->result)};
  const bool ok = fill(&c, model, out, err);
  space_free(&space);
  return ok;
}
