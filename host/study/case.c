#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "text.h"

const char *const study_pick_names[PICK_COUNT] = {"default", "naive", "single stage", "manual", "EfficientLLM", "joint",
                                                  "free of loss", "hosted default"};
const char *const study_status_names[CASE_STATUSES] = {"fits", "only tuned fits", "only with host memory",
                                                     "nothing fits", "not costed"};

/* ---- one configuration */

static void describe(const struct space *space, const uint8_t choice[SLOT_COUNT], char *out, size_t size) {
  const char *first = space->slots[0].options[choice[0]].name;
  bool uniform = true;
  for (int c = 1; c < CLASS_COUNT; c++)
    uniform = uniform && strcmp(space->slots[c].options[choice[c]].name, first) == 0;
  struct text t = {out, size, 0};
  for (int c = 0; c < CLASS_COUNT && !uniform; c++)
    text_add(&t, "%s%s %s", c ? ", " : "", slot_names[c], space->slots[c].options[choice[c]].name);
  if (uniform) text_add(&t, "%s", first);
  text_add(&t, "; %s", space->slots[SLOT_ATTENTION].options[choice[SLOT_ATTENTION]].name);
  if (setting_departs(&space->setting) == 0) return;
  char setting[128];
  setting_text(&space->setting, setting, sizeof setting);
  text_add(&t, "; %s", setting);
}

static double request(const struct space *space, double ttft, double tpot) { return ttft + space->decode_steps * tpot; }

void case_keep(const struct case_context *c, const struct space *space, const uint8_t choice[SLOT_COUNT],
               struct study_pick *out) {
  const struct prediction p = choose_predict(space, c->task, choice);
  const struct gain unknown = {NAN, NAN, NAN, NAN};
  out->known = true;
  out->fits = p.memory <= c->limits.memory;
  out->within_quality = p.quality_nats.value <= c->limits.quality_nats;
  out->memory = p.memory;
  out->host_bytes = p.host_bytes;
  out->ttft_ns = p.ttft_ns;
  out->tpot_ns = p.tpot_ns;
  out->request_ns = (struct range){p.request_ns, request(space, p.ttft_ns.lo, p.tpot_ns.lo),
                                   request(space, p.ttft_ns.hi, p.tpot_ns.hi)};
  out->request_half = (out->request_ns.hi - out->request_ns.lo) / 2;
  out->quality_nats = p.quality_nats;
  out->token_joules = p.token_joules;
  out->gain = p.host_bytes > 0 ? unknown : gain_of(&c->plain, &p);
  describe(space, choice, out->choice, sizeof out->choice);
}

void case_miss(struct study_pick *out, const char *reason) { snprintf(out->reason, sizeof out->reason, "%s", reason); }

static void keep_or_miss(const struct case_context *c, bool found, const uint8_t choice[SLOT_COUNT],
                         const struct error *err, struct study_pick *out) {
  if (found) case_keep(c, c->space, choice, out);
  else case_miss(out, err->text);
}

/* ---- the baselines */

static bool single_stage(const struct case_context *c, struct study_pick *out, struct error *err) {
  struct error why = {0};
  for (int stage = STAGE_WEIGHTS; stage <= STAGE_ATTENTION; stage++) {
    struct pick pick;
    struct study_pick here = {.stage = (enum pick_stage)stage};
    if (pick_best(c->space, c->task, &c->plain, (enum pick_stage)stage, &c->limits, NULL, &pick, &why)) {
      case_keep(c, c->space, pick.choice, &here);
      if (!out->known || here.gain.mean > out->gain.mean) *out = here;
    } else if (why.kind == ERROR_MEMORY) {
      *err = why;
      return false;
    }
  }
  if (!out->known) case_miss(out, why.text);
  return true;
}

static void manual(const struct case_context *c, struct study_pick *out) {
  const char *format[CLASS_COUNT];
  for (int k = 0; k < CLASS_COUNT; k++) format[k] = c->baselines->manual[k];
  uint8_t choice[SLOT_COUNT];
  struct error why = {0};
  keep_or_miss(c, pick_weights(c->space, format, choice, &why), choice, &why, out);
}

static void ranked(const struct case_context *c, const struct model *model, struct study_pick *out) {
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

/* ---- the order of techniques */

struct candidate { uint8_t choice[SLOT_COUNT]; bool attention; };

static void add_candidate(const struct case_context *c, struct study_order *order, struct candidate *list,
                          const char *name, bool attention, const uint8_t choice[SLOT_COUNT]) {
  if (order->n == STUDY_TECHNIQUES) return;
  snprintf(order->name[order->n], sizeof *order->name, "%s %.50s", attention ? "attention" : "weights", name);
  list[order->n].attention = attention;
  memcpy(list[order->n++].choice, choice, sizeof c->base);
}

static void add_weights(const struct case_context *c, struct study_order *order, struct candidate *list) {
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
static void add_attention(const struct case_context *c, struct study_order *order, struct candidate *list) {
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

static int8_t order_of(const struct case_context *c, const uint8_t a[SLOT_COUNT], const uint8_t b[SLOT_COUNT]) {
  if (choose_times_tie(c->space, c->task, a, b)) return 0;
  const struct prediction x = choose_predict(c->space, c->task, a), y = choose_predict(c->space, c->task, b);
  const int sure = error_known(&x) && error_known(&y) ? 2 : 1;
  return (int8_t)(x.request_ns < y.request_ns ? -sure : x.request_ns > y.request_ns ? sure : 0);
}

static bool find_order(const struct case_context *c, struct study_order *order, struct error *err) {
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

/* The row of the largest multiplication of weights in the phase; NULL: unknown. */
static const struct result_row *largest(const struct space *space, const uint8_t choice[SLOT_COUNT], enum phase phase) {
  const struct space_time *most = NULL;
  for (int k = 0; k < CLASS_COUNT; k++) {
    const struct space_time *time = &space->slots[k].options[choice[k]].time[phase];
    if (time->row && (!most || time->row_ns > most->row_ns)) most = time;
  }
  return most ? most->row : NULL;
}

double case_read_share(const struct space *space, const uint8_t choice[SLOT_COUNT]) {
  const struct result_row *row = largest(space, choice, PHASE_DECODE);
  return row && row->memory_bound ? row->roofline : NAN;
}

static void judge_prefill(const struct case_context *c, struct study_case *out) {
  const struct result_row *row = largest(c->space, c->base, PHASE_PREFILL);
  out->prefill_share = c->plain.ttft_ns.value / c->plain.request_ns;
  out->prefill_by_arithmetic = row && !row->memory_bound;
  if (out->prefill_by_arithmetic) out->prefill_rate = row->roofline;
}

static void count_unknown(const struct space *space, struct study_case *out) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++) out->n_unknown += isnan(space->slots[s].options[o].quality.nats);
  out->n_uncosted = space->n_uncosted;
}

static enum study_status status_of(const struct study_case *c) {
  const struct study_pick *joint = &c->picks[PICK_JOINT];
  if (c->picks[PICK_DEFAULT].fits) return CASE_FITS;
  if (!joint->known) return CASE_NOTHING_FITS;
  return joint->host_bytes > 0 ? CASE_ONLY_HOSTED : CASE_ONLY_TUNED;
}

static bool fill(struct case_context *c, const struct model *model, struct study_case *out, struct error *err) {
  struct error why = {0};
  if (!pick_plain(c->space, "flash", c->base, &why)) {
    out->status = CASE_NOT_COSTED;
    snprintf(out->reason, sizeof out->reason, "the default: %.480s", why.text);
    return true;
  }
  c->plain = choose_predict(c->space, c->task, c->base);
  case_keep(c, c->space, c->base, &out->picks[PICK_DEFAULT]);
  judge_prefill(c, out);
  out->read_share[0] = case_read_share(c->space, c->base);
  uint8_t choice[SLOT_COUNT];
  keep_or_miss(c, pick_plain(c->space, "naive", choice, &why), choice, &why, &out->picks[PICK_NAIVE]);
  manual(c, &out->picks[PICK_MANUAL]);
  ranked(c, model, &out->picks[PICK_RANKED]);
  count_unknown(c->space, out);
  if (!single_stage(c, &out->picks[PICK_SINGLE], err) || !case_find_joint(c, out, err)
      || !find_order(c, &out->order, err))
    return false;
  out->status = status_of(out);
  const struct study_pick *joint = &out->picks[PICK_JOINT];
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
  out->prefill_share = out->prefill_rate = out->rest_share = out->read_share[0] = out->read_share[1] = NAN;
  out->over_hosted = (struct gain){NAN, NAN, NAN, NAN};
  if (!space_build(&wanted, &space, &why)) {
    if (why.kind == ERROR_MEMORY) return *err = why, false;
    out->status = CASE_NOT_COSTED;
    snprintf(out->reason, sizeof out->reason, "%.500s", why.text);
    return true;
  }
  struct case_context c = {.request = &wanted, .space = &space, .task = task, .baselines = &study->baselines,
                           .limits = limits_of(study, cost->result)};
  const bool ok = fill(&c, model, out, err);
  space_free(&space);
  return ok;
}
