#include "space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "placement.h"
#include "space_internal.h"
#include "text.h"

const char *const slot_names[SLOT_COUNT] = {"qkv", "attn_out", "ffn_up", "ffn_down", "logits", "attention"};

enum { REASONS = 2 };

/* ---- collecting options and refusals; a slot's arrays have room for every pair of techniques */

bool space_slot_open(struct space_slot *slot, size_t most, struct error *err) {
  slot->options = calloc(most, sizeof *slot->options);
  slot->refused = calloc(most, sizeof *slot->refused);
  return (slot->options && slot->refused) || error_set(err, ERROR_MEMORY, "out of memory for %zu options", most);
}

void space_refuse(struct space_slot *slot, const char *name, const char *reason) {
  struct space_refusal *r = &slot->refused[slot->n_refused++];
  snprintf(r->name, sizeof r->name, "%s", name);
  snprintf(r->reason, sizeof r->reason, "%s", reason);
}

/* Rounded once; the bound (11 days, a petabyte) keeps sums of all slots within what a front takes. */
static int64_t units(double value) { return llround(fmin(fmax(value, 0), 1e15)); }

struct front_cost space_cost(const struct space_option *option) {
  return (struct front_cost){{
    [COORD_TTFT] = units(option->time[PHASE_PREFILL].ns),
    [COORD_TPOT] = units(option->time[PHASE_DECODE].ns),
    [COORD_RESIDENT] = units(option->weight_bytes + option->kv_bytes),
    [COORD_QUALITY] = units(option->quality.nats / QUALITY_UNIT),
    [COORD_PREFILL_ENERGY] = units(option->time[PHASE_PREFILL].joules / ENERGY_UNIT),
    [COORD_DECODE_ENERGY] = units(option->time[PHASE_DECODE].joules / ENERGY_UNIT),
    [COORD_SCRATCH] = units(option->scratch_bytes),
  }};
}

void space_offer(const struct space_request *request, struct space_slot *slot, struct space_option *option) {
  const char *lost = request->lost ? request->lost(option) : NULL;
  if (lost) {
    space_refuse(slot, option->name, lost);
    return;
  }
  if (isnan(option->quality.nats) && !request->allow_unknown_quality) {
    char why[256], reason[320];
    quality_text(&option->quality, why, sizeof why);
    snprintf(reason, sizeof reason, "unknown quality (--allow-unknown-quality offers it): %s", why);
    space_refuse(slot, option->name, reason);
    return;
  }
  timing_serve(request->task, option->time);
  option->cost = space_cost(option);
  slot->options[slot->n++] = *option;
}

/* ---- the time of one option on all its ops of a phase */

struct phase_time space_time_slot(const struct space_request *request, const struct workload *work, int slot,
                                   enum phase phase, const struct timing_names *names, struct error *err) {
  struct phase_time out = {.ok = true};
  for (size_t i = 0; out.ok && i < work->n; i++) {
    const struct op *op = &work->ops[i];
    if (op->slot == slot && op->phase == phase)
      out.ok = timing_add_op(request->cost, op, names, &out.time, &out.scratch, err);
  }
  return out;
}

/* The technique's id without family and format: "moe.grouped_int4_g32" -> "grouped". Empty for another format. */
static void algorithm_of(const struct technique *technique, const char *format, char *out, size_t size) {
  const char *name = strchr(technique->id, '.') + 1;
  const size_t length = strlen(name), suffix = strlen(format);
  const size_t before = length > suffix + 1 ? length - suffix - 1 : 0;   /* characters before "_" and the format */
  const bool ends = before > 0 && name[before] == '_' && strcmp(name + before + 1, format) == 0;
  snprintf(out, size, "%.*s", ends ? (int)before : 0, name);
}

/* ---- slots of weights */

/* The family whose algorithms the ops of the slot leave open: experts, adapters. NULL: all are plain matmuls. */
static const struct family *open_family(const struct workload *work, int slot) {
  for (size_t i = 0; i < work->n; i++)
    if (work->ops[i].slot == slot && strcmp(work->ops[i].way[0][0].kase.family->name, "matmul") != 0)
      return work->ops[i].way[0][0].kase.family;
  return NULL;
}

static bool is_adapter(const struct family *family) { return strcmp(family->name, "adapter") == 0; }

/* By the fastest algorithm for experts of this format, or with the adapter over it; the reason is that of the first. */
static struct phase_time time_algorithms(const struct space_request *request, const struct workload *work, int slot,
                                         enum phase phase, const struct family *family, struct space_option *option,
                                         struct error *err) {
  struct phase_time best = {0};
  for (size_t t = 0; t < family->n_techniques; t++) {
    const struct technique *technique = &family->techniques[t];
    char algorithm[48];
    struct error why = {0};
    algorithm_of(technique, option->name, algorithm, sizeof algorithm);
    if (!algorithm[0] || (is_adapter(family) && !finetune_uses(&request->setting.finetune, technique->id))) continue;
    const struct timing_names names = {algorithm, option->name, technique->id, WAYS_FIRST};
    const struct phase_time here = space_time_slot(request, work, slot, phase, &names, &why);
    if (!here.ok && !err->text[0]) *err = why;
    if (!here.ok || (best.ok && here.time.ns >= best.time.ns)) continue;
    best = here;
    option->technique[phase] = technique;
  }
  return best;
}

/* The adapter as products of its own, beside the matmul: what computes it where no kernel does both. */
static struct phase_time time_products(const struct space_request *request, const struct workload *work, int slot,
                                       enum phase phase, struct space_option *option) {
  struct error ignored = {0};
  const struct timing_names names = {NULL, option->name, option->technique[phase]->id, WAYS_OTHERS};
  const struct phase_time time = space_time_slot(request, work, slot, phase, &names, &ignored);
  if (time.ok) option->composed = true;
  return time;
}

static bool time_weights(const struct space_request *request, const struct workload *work, int slot, enum phase phase,
                         struct space_option *option, struct error *err) {
  const struct family *family = open_family(work, slot);
  const struct timing_names names = {NULL, option->name, option->technique[phase]->id, WAYS_ALL};
  struct phase_time time = family ? time_algorithms(request, work, slot, phase, family, option, err)
                                  : space_time_slot(request, work, slot, phase, &names, err);
  if (!time.ok && family && is_adapter(family)) time = time_products(request, work, slot, phase, option);
  option->time[phase] = time.time;
  option->scratch_bytes = fmax(option->scratch_bytes, time.scratch);
  if (time.ok) *err = (struct error){0};
  else if (!err->text[0]) error_set(err, ERROR_UNSUPPORTED, "no kernels of %s in this format", family->name);
  return time.ok;
}

/* Rounding noise adds in proportion to the weights it falls on, so a class loses its share of what a whole model
 * does. */
static struct quality_estimate share_of(struct quality_estimate whole, double share) {
  whole.nats *= share;
  whole.lo *= share;
  whole.hi *= share;
  return whole;
}

/* Copies between host and device are exact: there is nothing that could have chosen another kernel. */
static void place_weights(const struct space_request *request, const struct space *space, enum tensor_class class_,
                          const struct technique *technique, struct space_option *option) {
  const struct placement placed = placement_of(&request->setting, &space->work, class_, technique);
  option->weight_bytes = placed.device;
  option->host_bytes = placed.host;
  for (int p = 0; p < PHASE_COUNT; p++)
    if (placed.copied[p] > 0)
      timing_add_ns(request->cost, &option->time[p], PART_UPLOAD,
                    1e9 * placed.copied[p] / request->cost->result->ceilings.upload);
}

/* What a format loses is the same for experts, whose kernels decode it as matmul's do. */
static bool build_weights(const struct space_request *request, struct space *space, enum tensor_class class_,
                          struct error *err) {
  const struct family *family = family_find("matmul");
  const struct model *model = request->setting.model;
  const struct finetune *finetune = &request->setting.finetune;
  struct space_slot *slot = &space->slots[class_];
  if (!family || !space_slot_open(slot, family->n_techniques, err))
    return family ? false : error_set(err, ERROR_UNSUPPORTED, "this build has no matmul");
  double all = 0;
  for (int c = 0; c < CLASS_COUNT; c++) all += model_class_params(model, (enum tensor_class)c);
  slot->share = model_class_params(model, class_) / all;
  const bool adapted = finetune_adapts_class(model, finetune, class_);
  const double adapters = (double)finetune_adapters(request->task) * finetune_class_bytes(model, finetune, class_);

  for (size_t t = 0; t < family->n_techniques; t++) {
    const struct technique *technique = &family->techniques[t];
    struct space_option option = {.technique = {technique, technique}, .rank = t};
    struct error why = {0};
    snprintf(option.name, sizeof option.name, "%s", strchr(technique->id, '.') + 1);
    const char *unfit = adapted ? finetune_format_refusal(finetune, option.name) : NULL;
    if (unfit) {
      space_refuse(slot, option.name, unfit);
      continue;
    }
    if (!time_weights(request, &space->work, class_, PHASE_PREFILL, &option, &why)
        || !time_weights(request, &space->work, class_, PHASE_DECODE, &option, &why)) {
      space_refuse(slot, option.name, why.text);
      continue;
    }
    place_weights(request, space, class_, technique, &option);
    option.adapter_bytes = adapters;
    option.weight_bytes += adapters;
    option.quality = share_of(quality_of(request->quality, technique->id, model->params), slot->share);
    if (request->sensitivities)
      option.quality = sensitivity_of_class(request->sensitivities, class_, option.name, &option.quality);
    space_offer(request, slot, &option);
  }
  return true;
}

/* ---- a slot without an option */

size_t space_find_option(const struct space_slot *slot, const char *name) {
  size_t o = 0;
  while (o < slot->n && strcmp(slot->options[o].name, name) != 0) o++;
  return o;
}

static bool was_said(const struct space_slot *slot, size_t refused) {
  for (size_t i = 0; i < refused; i++)
    if (strcmp(slot->refused[i].reason, slot->refused[refused].reason) == 0) return true;
  return false;
}

/* Reasons are often one and the same, and otherwise much alike. */
static bool check_slot(const struct space_slot *slot, const char *name, struct error *err) {
  if (slot->n > 0) return true;
  char reasons[512] = "";
  struct text t = {reasons, sizeof reasons, 0};
  size_t said = 0;
  for (size_t i = 0; i < slot->n_refused && said < REASONS; i++) {
    if (was_said(slot, i)) continue;
    text_add(&t, "%s%s: %s", said ? "; " : "", slot->refused[i].name, slot->refused[i].reason);
    said++;
  }
  if (slot->n_refused > said) text_add(&t, "; %zu more are refused", slot->n_refused - said);
  return error_set(err, ERROR_INFEASIBLE,
                   "no technique can be offered for %s: %s; where rows are missing, `vkpareto run "
                   "--suite standard` measures them",
                   name, reasons);
}

/* ---- what runs whatever is chosen */

/* Whether the result can cost the op at all: what appends to the cache, in the format of any attention technique. */
static bool can_cost(const struct space_request *request, const struct op *op, struct error *err) {
  struct space_time time = {0};
  double scratch = 0;
  struct timing_names names = {0};
  if (op->slot == SLOT_FIXED) return timing_add_op(request->cost, op, &names, &time, &scratch, err);
  const struct family *attention = family_find("attention");
  for (size_t t = 0; attention && t < attention->n_techniques; t++) {
    const struct attention_name name = space_attention_name(&attention->techniques[t]);
    names.format = name.kv;
    if (timing_add_op(request->cost, op, &names, &time, &scratch, err)) return true;
  }
  return false;
}

static void note_uncosted(struct space *space, const struct op *op, const char *reason) {
  size_t at = 0;
  while (at < space->n_uncosted && strcmp(space->uncosted[at].name, op->name) != 0) at++;
  struct space_uncosted *entry = &space->uncosted[at];
  if (at == space->n_uncosted) {
    space->n_uncosted++;
    entry->name = op->name;
    snprintf(entry->reason, sizeof entry->reason, "%s", reason);
  }
  for (size_t s = 0; s < OP_STEPS && op->way[0][s].kase.family; s++) entry->launches[op->phase] += op->count;
}

/* Takes out of the workload what the result knows nothing of and a model can be costed without. */
static bool set_aside(const struct space_request *request, struct space *space, struct error *err) {
  space->uncosted = calloc(space->work.n, sizeof *space->uncosted);
  if (!space->uncosted) return error_set(err, ERROR_MEMORY, "out of memory for %zu ops", space->work.n);
  size_t kept = 0;
  for (size_t i = 0; i < space->work.n; i++) {
    const struct op op = space->work.ops[i];
    struct error why = {0};
    if (op.essential || can_cost(request, &op, &why)) space->work.ops[kept++] = op;
    else note_uncosted(space, &op, why.text);
  }
  space->work.n = kept;
  return true;
}

static void cost_fixed(const struct space_request *request, struct space *space) {
  const struct result *result = request->cost->result;
  const double dispatch = result->ceilings.dispatch_ns, submit = result->ceilings.submit_ns;
  const struct timing_names unnamed = {0};
  space->launches_known = isfinite(submit) && (space->n_uncosted == 0 || isfinite(dispatch));
  for (int p = 0; p < PHASE_COUNT; p++) {
    struct error none = {0};
    const struct phase_time ops = space_time_slot(request, &space->work, SLOT_FIXED, (enum phase)p, &unnamed, &none);
    space->fixed[p] = ops.time;
    space->fixed_scratch_bytes = fmax(space->fixed_scratch_bytes, ops.scratch);
    const double passes = space->work.passes[p]
                        + placement_submissions(&request->setting, &space->work, (enum phase)p);
    if (isfinite(submit)) timing_add_ns(request->cost, &space->fixed[p], PART_REST, passes * submit);
    for (size_t i = 0; isfinite(dispatch) && i < space->n_uncosted; i++)
      timing_add_ns(request->cost, &space->fixed[p], PART_REST, space->uncosted[i].launches[p] * dispatch);
  }
  timing_serve(request->task, space->fixed);
}

/* What is unknown of one option is left out for all: an unknown cost must not count as none beside known ones. */
static void leave_out_unknown(struct space *space) {
  bool quality = true;
  bool energy = isfinite(space->fixed[PHASE_PREFILL].joules) && isfinite(space->fixed[PHASE_DECODE].joules);
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++) {
      const struct space_option *option = &space->slots[s].options[o];
      if (isnan(option->quality.nats)) quality = false;
      for (int p = 0; p < PHASE_COUNT; p++)
        if (isnan(option->time[p].joules)) energy = false;
    }
  space->quality_known = space->energy_known = true;
  space_leave_out(space, !quality, !energy);
}

void space_leave_out(struct space *space, bool quality, bool energy) {
  if (quality) space->quality_known = false;
  if (energy) space->energy_known = false;
  if (energy) space->base.at[COORD_PREFILL_ENERGY] = space->base.at[COORD_DECODE_ENERGY] = 0;
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++) {
      int64_t *at = space->slots[s].options[o].cost.at;
      if (quality) at[COORD_QUALITY] = 0;
      if (energy) at[COORD_PREFILL_ENERGY] = at[COORD_DECODE_ENERGY] = 0;
    }
}

/* ---- the whole */

bool space_build(const struct space_request *request, struct space *space, struct error *err) {
  const struct offload *offload = &request->setting.offload;
  if ((offload->layers || offload->expert_layers) && !(request->cost->result->ceilings.upload > 0))
    return error_set(err, ERROR_INPUT, "the result has no speed of copies from the host to the device; a new "
                                       "`vkpareto run` measures it");
  *space = (struct space){.setting = request->setting, .fixed_bytes = model_fixed_bytes(request->setting.model)};
  const char *unfit = finetune_refusal(&request->setting.finetune, request->task);
  if (unfit) return error_set(err, ERROR_INFEASIBLE, "%s", unfit);
  bool ok = workload_build(&request->setting, request->task, &space->work, err) && set_aside(request, space, err);
  for (int c = 0; ok && c < CLASS_COUNT; c++) ok = build_weights(request, space, (enum tensor_class)c, err);
  ok = ok && space_build_attention(request, space, err);
  for (int s = 0; ok && s < SLOT_COUNT; s++) ok = check_slot(&space->slots[s], slot_names[s], err);
  if (!ok) {
    space_free(space);
    return false;
  }

  space->activation_bytes = space->work.activation_bytes;
  space->decode_steps = (double)(request->task->output - 1);
  space->tokens = (double)(request->task->output * request->task->concurrency);
  cost_fixed(request, space);
  space->base = (struct front_cost){{
    [COORD_TTFT] = units(space->fixed[PHASE_PREFILL].ns),
    [COORD_TPOT] = units(space->fixed[PHASE_DECODE].ns),
    [COORD_RESIDENT] = units(space->fixed_bytes + space->activation_bytes),
    [COORD_PREFILL_ENERGY] = units(space->fixed[PHASE_PREFILL].joules / ENERGY_UNIT),
    [COORD_DECODE_ENERGY] = units(space->fixed[PHASE_DECODE].joules / ENERGY_UNIT),
    [COORD_SCRATCH] = units(space->fixed_scratch_bytes),
  }};
  leave_out_unknown(space);
  return true;
}

void space_free(struct space *space) {
  for (int s = 0; s < SLOT_COUNT; s++) {
    for (size_t o = 0; o < space->slots[s].n; o++) free(space->slots[s].options[o].mix);
    free(space->slots[s].options);
    free(space->slots[s].refused);
  }
  free(space->uncosted);
  workload_free(&space->work);
  *space = (struct space){0};
}
