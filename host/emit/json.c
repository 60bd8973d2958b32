/* vkpareto.config/1 (DESIGN section 8). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "json_finetune.h"
#include "steps.h"

/* Kept to 1/parts, so that the file is the same wherever it is made; that is far below any error. */
static double rounded(double value, double parts) { return round(value * parts) / parts; }
static const double whole = 1, nano = 1e9, micro = 1e6;

static void add_range(cJSON *to, const char *name, const struct range *range, double parts) {
  cJSON *object = cJSON_AddObjectToObject(to, name);
  json_add_number(object, "value", rounded(range->value, parts));
  json_add_number(object, "lo", rounded(range->lo, parts));
  json_add_number(object, "hi", rounded(range->hi, parts));
}

static const struct space_option *option_of(const struct space *space, const uint8_t *choice, int slot) {
  return &space->slots[slot].options[choice[slot]];
}

/* "attention.flash_split_int8" without family and format, which have members of their own. */
static void add_algorithm(cJSON *to, const char *name, const struct technique *technique, const char *format) {
  char text[64];
  const char *start = strchr(technique->id, '.') + 1;
  size_t length = strlen(start), suffix = strlen(format) + 1;
  snprintf(text, sizeof text, "%.*s", (int)(length > suffix ? length - suffix : length), start);
  cJSON_AddStringToObject(to, name, text);
}

/* Per class and phase the algorithm of the experts, "grouped" of "moe.grouped_int4_g32", in most layers; null in a
 * dense model. */
static void add_experts(cJSON *to, const struct space *space, const uint8_t *choice) {
  if (!space->setting.model->experts) {
    cJSON_AddNullToObject(to, "moe");
    return;
  }
  cJSON *moe = cJSON_AddObjectToObject(to, "moe");
  for (int c = CLASS_FFN_UP; c <= CLASS_FFN_DOWN; c++) {
    struct layers_part most;
    layers_part(&space->slots[c], choice[c], 0, &most);
    const struct space_option *o = most.option;
    cJSON *algorithms = cJSON_AddObjectToObject(moe, slot_names[c]);
    add_algorithm(algorithms, "prefill", o->technique[PHASE_PREFILL], o->name);
    add_algorithm(algorithms, "decode", o->technique[PHASE_DECODE], o->name);
  }
}

/* Layers, from the last, whose weights or experts lie in the host's memory; null where all are on the device. */
static void add_offload(cJSON *to, const struct offload *offload) {
  if (offload->layers == 0 && offload->expert_layers == 0) {
    cJSON_AddNullToObject(to, "offload");
    return;
  }
  cJSON *object = cJSON_AddObjectToObject(to, "offload");
  json_add_int(object, "layers", offload->layers);
  json_add_int(object, "expert_layers", offload->expert_layers);
}

/* Of each class with layers of different formats the format of each layer. */
static void add_weights_per_layer(cJSON *to, const struct space *space, const uint8_t *choice) {
  cJSON *classes = NULL;
  for (int c = 0; c < CLASS_COUNT; c++) {
    const struct space_mix *mix = option_of(space, choice, c)->mix;
    if (!mix) continue;
    if (!classes) classes = cJSON_AddObjectToObject(to, "weights_per_layer");
    cJSON *layers = cJSON_AddArrayToObject(classes, slot_names[c]);
    for (size_t l = 0; l < mix->n_layers; l++)
      cJSON_AddItemToArray(layers, cJSON_CreateString(space->slots[c].options[mix->layer[l]].name));
  }
}

static void add_choice(cJSON *to, const char *name, const struct space *space, const uint8_t *choice) {
  cJSON *object = cJSON_AddObjectToObject(to, name), *weights = cJSON_AddObjectToObject(object, "weights");
  for (int c = 0; c < CLASS_COUNT; c++) {
    const struct space_option *o = option_of(space, choice, c);
    cJSON_AddStringToObject(weights, slot_names[c], o->mix ? "per_layer" : o->name);
  }
  add_weights_per_layer(object, space, choice);
  cJSON_AddStringToObject(object, "activations", "f32");
  const struct space_option *attention = option_of(space, choice, SLOT_ATTENTION);
  cJSON *kv = cJSON_AddObjectToObject(object, "kv");
  cJSON_AddStringToObject(kv, "k", attention->kv);
  cJSON_AddStringToObject(kv, "v", attention->kv);
  add_algorithm(object, "attention", attention->technique[PHASE_DECODE], attention->kv);
  add_algorithm(object, "attention_prefill", attention->technique[PHASE_PREFILL], attention->kv);
  add_experts(object, space, choice);
  json_add_adapter(object, space);
  json_add_int(object, "micro_batch", space->setting.micro_batch);
  add_offload(object, &space->setting.offload);
}

/* ---- kernels: per technique and phase the variant and tuning that carry most of the time */

static const struct space_time *heaviest(const struct recommendation *r, const struct technique *technique,
                                         enum phase phase) {
  const struct space_time *best = NULL;
  struct layers_part part;
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t i = 0; layers_part(&r->space->slots[s], r->choice[s], i, &part); i++) {
      const struct space_time *time = &part.option->time[phase];
      if (part.option->technique[phase] == technique && time->row && (!best || time->row_ns > best->row_ns))
        best = time;
    }
  return best;
}

static void add_kernel(cJSON *kernels, const struct recommendation *r, const struct technique *technique,
                       enum phase p) {
  const struct space_time *time = heaviest(r, technique, p);
  const char *phase = p == PHASE_DECODE ? "decode" : "prefill";
  cJSON *entry = cJSON_GetObjectItemCaseSensitive(kernels, technique->id);
  if (!entry) entry = cJSON_AddObjectToObject(kernels, technique->id);
  if (!time || cJSON_HasObjectItem(entry, phase)) return;
  cJSON *kernel = cJSON_AddObjectToObject(entry, phase);
  cJSON_AddStringToObject(kernel, "variant", time->row->variant);
  cJSON *tuning = cJSON_AddObjectToObject(kernel, "tuning");
  for (size_t t = 0; t < time->row->n_tuning; t++)
    json_add_int(tuning, time->row->tuning_names[t], time->row->tuning[t]);
}

static void add_kernels(cJSON *root, const struct recommendation *r) {
  cJSON *kernels = cJSON_AddObjectToObject(root, "kernels");
  struct layers_part part;
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t i = 0; layers_part(&r->space->slots[s], r->choice[s], i, &part); i++)
      for (int p = 0; p < PHASE_COUNT; p++) add_kernel(kernels, r, part.option->technique[p], (enum phase)p);
}

/* ---- predictions */

static void add_sources(cJSON *to, const struct space *space, const uint8_t *choice) {
  cJSON *sources = cJSON_AddArrayToObject(to, "sources");
  char text[768];
  for (size_t i = 0; recommend_source(space, choice, i, text, sizeof text); i++)
    cJSON_AddItemToArray(sources, cJSON_CreateString(text));
}

/* What the times are made of, as shares of each. */
static void add_parts(cJSON *to, const char *name, const struct prediction *p, enum phase phase) {
  const double all = phase == PHASE_PREFILL ? p->ttft_ns.value : p->tpot_ns.value;
  cJSON *parts = cJSON_AddObjectToObject(to, name);
  for (int part = 0; part < PART_COUNT; part++)
    if (part != PART_UPLOAD || p->host_bytes > 0)
      json_add_number(parts, part_names[part], rounded(p->part_ns[phase][part] / all, micro));
}

static void add_prediction(cJSON *to, const char *name, const struct space *space, const uint8_t *choice,
                           const struct prediction *p) {
  cJSON *object = cJSON_AddObjectToObject(to, name);
  add_range(object, "ttft_ns", &p->ttft_ns, whole);
  add_range(object, "tpot_ns", &p->tpot_ns, whole);
  add_parts(object, "ttft_parts", p, PHASE_PREFILL);
  add_parts(object, "tpot_parts", p, PHASE_DECODE);
  add_range(object, "memory", &(struct range){p->memory, p->memory, p->memory}, whole);
  cJSON *parts = cJSON_AddObjectToObject(object, "memory_parts");
  json_add_number(parts, "weights", p->weight_bytes);
  json_add_number(parts, "kv", p->kv_bytes);
  json_add_number(parts, "scratch", p->scratch_bytes);
  json_add_number(parts, "activations", p->activation_bytes);
  json_add_number(parts, "other", p->other_bytes);
  if (p->host_bytes > 0) json_add_number(object, "host_memory", p->host_bytes);
  if (space->energy_known) add_range(object, "energy_per_token", &p->token_joules, nano);
  else cJSON_AddNullToObject(object, "energy_per_token");
  add_range(object, "quality_loss_nats", &p->quality_nats, nano);
  add_sources(cJSON_GetObjectItemCaseSensitive(object, "quality_loss_nats"), space, choice);
  json_add_number(object, "extrapolated_share", rounded(p->extrapolated_share, micro));
}

static void add_default(cJSON *root, const struct recommendation *r) {
  if (!r->has_plain) {
    cJSON_AddNullToObject(root, "default");
    return;
  }
  cJSON *object = cJSON_AddObjectToObject(root, "default");
  add_choice(object, "choice", r->plain_space, r->plain);
  add_prediction(object, "predicted", r->plain_space, r->plain, &r->plain_predicted);
}

static void add_limits(cJSON *root, const struct recommendation *r) {
  cJSON *limits = cJSON_AddObjectToObject(root, "limits");
  json_add_number(limits, "ttft_ns", r->decision.limits.at[OBJECTIVE_TTFT]);
  json_add_number(limits, "tpot_ns", r->decision.limits.at[OBJECTIVE_TPOT]);
  json_add_number(limits, "memory", r->decision.limits.at[OBJECTIVE_MEMORY]);
  cJSON_AddBoolToObject(limits, "memory_from_device", r->memory_limit_from_device);
  json_add_number(limits, "quality_loss_nats", r->decision.limits.at[OBJECTIVE_QUALITY]);
  if (r->decision.limits.watts > 0) json_add_number(limits, "power", r->decision.limits.watts);
}

/* One line per point: names in slot order and the setting, then what it costs. */
static void add_front(cJSON *root, const struct recommendation *r) {
  cJSON *front = cJSON_AddArrayToObject(root, "front");
  for (size_t i = 0; i < r->outer.front.n; i++) {
    const uint8_t *choice = r->outer.front.points[i].choice;
    const struct space *space = &r->outer.spaces[choice[CHOICE_SETTING]];
    const struct prediction p = choose_predict(space, r->task, choice);
    cJSON *point = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(point, "options");
    cJSON_AddItemToArray(front, point);
    for (int s = 0; s < SLOT_COUNT; s++)
      cJSON_AddItemToArray(names, cJSON_CreateString(option_of(space, choice, s)->name));
    char setting[128];
    setting_text(&space->setting, setting, sizeof setting);
    cJSON_AddItemToArray(names, cJSON_CreateString(setting));
    json_add_number(point, "ttft_ns", rounded(p.ttft_ns.value, whole));
    json_add_number(point, "tpot_ns", rounded(p.tpot_ns.value, whole));
    json_add_number(point, "memory", p.memory);
    json_add_number(point, "quality_loss_nats", rounded(p.quality_nats.value, nano));
    if (space->energy_known) json_add_number(point, "energy_per_token", rounded(p.token_joules.value, nano));
    cJSON_AddBoolToObject(point, "within_limits", choose_within(&r->decision.limits, &p));
  }
}

static void add_loser(cJSON *to, const char *slot, const char *option, const char *verdict, const char *why) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToArray(to, object);
  cJSON_AddStringToObject(object, "decision", slot);
  cJSON_AddStringToObject(object, "option", option);
  cJSON_AddStringToObject(object, "verdict", verdict);
  cJSON_AddStringToObject(object, "why", why);
}

/* To three decimals: the order of a sum moves no more than the last bits. */
static void add_stability(cJSON *to, const struct stability *s) {
  cJSON *object = cJSON_AddObjectToObject(to, "stability");
  json_add_int(object, "draws", (int64_t)s->draws);
  json_add_number(object, "best_share", rounded(s->best_share, 1e3));
  json_add_number(object, "regret", rounded(s->regret, 1e3));
  cJSON_AddBoolToObject(object, "unknown_errors", s->unknown_errors);
}

/* What touches every op: the chosen setting, the other ones, and those that cannot be costed. */
static void add_settings(cJSON *won, cJSON *losers, const struct recommendation *r) {
  char name[128], text[1024];
  setting_text(&r->space->setting, name, sizeof name);
  recommend_setting_evidence(r, text, sizeof text);
  add_loser(won, "setting", name, "chosen", text);
  for (size_t i = 0; i < r->outer.n; i++) {
    if (&r->outer.spaces[i] == r->space) continue;
    const enum verdict verdict = recommend_setting_verdict(r, i, text, sizeof text);
    setting_text(&r->outer.spaces[i].setting, name, sizeof name);
    add_loser(losers, "setting", name, verdict_names[verdict], text);
  }
  for (size_t i = 0; i < r->outer.n_refused; i++) {
    setting_text(&r->outer.refused[i].setting, name, sizeof name);
    add_loser(losers, "setting", name, "not_offered", r->outer.refused[i].reason);
  }
}

/* Differences: what is with `option` less what is with `instead_of`. */
static cJSON *add_step(cJSON *to, const struct step *step) {
  const struct prediction *a = &step->before, *b = &step->after;
  char text[512];
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToArray(to, object);
  cJSON_AddStringToObject(object, "decision", step->decision);
  cJSON_AddStringToObject(object, "option", step->to);
  cJSON_AddStringToObject(object, "instead_of", step->from);
  json_add_number(object, "ttft_ns", rounded(b->ttft_ns.value - a->ttft_ns.value, whole));
  json_add_number(object, "tpot_ns", rounded(b->tpot_ns.value - a->tpot_ns.value, whole));
  json_add_number(object, "memory", rounded(b->memory - a->memory, whole));
  json_add_number(object, "quality_loss_nats", rounded(b->quality_nats.value - a->quality_nats.value, nano));
  json_add_number(object, "energy_per_token", rounded(b->token_joules.value - a->token_joules.value, nano));
  steps_text(step, text, sizeof text);
  cJSON_AddStringToObject(object, "words", text);
  return object;
}

static void add_steps(cJSON *to, const struct recommendation *r) {
  cJSON *bought = cJSON_AddArrayToObject(to, "bought"), *away = cJSON_AddArrayToObject(to, "one_decision_away");
  struct step steps[GAIN_COUNT], step;
  for (int d = 0; d <= CHOICE_SETTING; d++)
    if (steps_bought(r, d, &step)) add_step(bought, &step);
  const size_t n = steps_away(r, steps);
  for (size_t i = 0; i < n; i++) {
    cJSON *gains = cJSON_AddArrayToObject(add_step(away, &steps[i]), "gains");
    for (int g = 0; g < GAIN_COUNT; g++)
      if (steps[i].gains[g]) cJSON_AddItemToArray(gains, cJSON_CreateString(gain_names[g]));
  }
}

/* Only where sensitivities were given. */
static void add_layers(cJSON *to, const struct recommendation *r) {
  if (!r->sensitivities) return;
  cJSON *object = cJSON_AddObjectToObject(to, "layers"), *slack = cJSON_AddObjectToObject(object, "slack");
  char text[1024];
  struct step step;
  cJSON_AddStringToObject(object, "model", r->sensitivities->model);
  cJSON_AddStringToObject(object, "source", r->sensitivities->source);
  json_add_number(slack, "relative", rounded(r->outer.slack.relative, micro));
  json_add_number(slack, "nats", rounded(r->outer.slack.nats, nano));
  cJSON *gained = cJSON_AddArrayToObject(object, "gained"), *words = cJSON_AddArrayToObject(object, "words");
  if (steps_layers(r, &step)) add_step(gained, &step);
  for (size_t i = 0; recommend_layers(r, i, text, sizeof text); i++)
    cJSON_AddItemToArray(words, cJSON_CreateString(text));
}

static void add_explanation(cJSON *root, const struct recommendation *r) {
  cJSON *object = cJSON_AddObjectToObject(root, "explanation");
  cJSON_AddBoolToObject(object, "rough", recommend_is_rough(r));
  add_stability(object, &r->stability);
  cJSON_AddStringToObject(object, "prefer", preference_names[r->decision.preference]);
  cJSON_AddStringToObject(object, "rule", preference_rules[r->decision.preference]);
  cJSON *won = cJSON_AddArrayToObject(object, "won"), *losers = cJSON_AddArrayToObject(object, "losers");
  char text[1024];
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct space_slot *slot = &r->space->slots[s];
    recommend_evidence(r, s, text, sizeof text);
    add_loser(won, slot_names[s], slot->options[r->choice[s]].name, "chosen", text);
    for (size_t o = 0; o < slot->n - slot->n_mixed; o++)
      if (o != r->choice[s]) {
        enum verdict verdict = recommend_verdict(r, s, o, text, sizeof text);
        add_loser(losers, slot_names[s], slot->options[o].name, verdict_names[verdict], text);
      }
    for (size_t o = 0; o < slot->n_refused; o++)
      add_loser(losers, slot_names[s], slot->refused[o].name, "not_offered", slot->refused[o].reason);
  }
  add_loser(won, "activations", "f32", "chosen", "the one format that the kernels of this build take");
  add_loser(won, "kv", r->space->slots[SLOT_ATTENTION].options[r->choice[SLOT_ATTENTION]].kv, "chosen",
            "K and V alike: the kernels read both in one format; which, was decided with attention");
  add_settings(won, losers, r);
  add_steps(object, r);
  add_layers(object, r);
  cJSON *caveats = cJSON_AddArrayToObject(object, "caveats");
  for (size_t i = 0; recommend_caveat(r, i, text, sizeof text); i++)
    cJSON_AddItemToArray(caveats, cJSON_CreateString(text));
}

/* What other models would cost, each against its own 16-bit weights; only where it was asked for. */
static void add_alternatives(cJSON *root, const struct recommendation *r) {
  cJSON *list = r->alternatives.at ? cJSON_AddArrayToObject(root, "alternatives") : NULL;
  for (size_t i = 0; i < r->alternatives.n; i++) {
    const struct alternative *a = &r->alternatives.at[i];
    const struct prediction *p = &a->predicted;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(list, object);
    cJSON_AddStringToObject(object, "model", a->id);
    json_add_number(object, "params", a->params);
    json_add_number(object, "active_params", a->active_params);
    cJSON_AddStringToObject(object, "attention", a->attention);
    cJSON_AddBoolToObject(object, "experts", a->experts);
    cJSON_AddBoolToObject(object, "feasible", a->feasible);
    if (!a->feasible) {
      cJSON_AddStringToObject(object, "reason", a->reason);
      continue;
    }
    cJSON *names = cJSON_AddArrayToObject(object, "options");
    for (int s = 0; s < SLOT_COUNT; s++) cJSON_AddItemToArray(names, cJSON_CreateString(a->options[s]));
    add_range(object, "ttft_ns", &p->ttft_ns, whole);
    add_range(object, "tpot_ns", &p->tpot_ns, whole);
    json_add_number(object, "memory", p->memory);
    add_range(object, "quality_loss_nats", &p->quality_nats, nano);
    json_add_number(object, "extrapolated_share", rounded(p->extrapolated_share, micro));
  }
}

char *emit_json(const struct recommendation *r, struct error *err) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "vkpareto.config/1");
  cJSON_AddStringToObject(root, "result_sha256", r->result->sha256);
  cJSON *device = cJSON_AddObjectToObject(root, "device");
  cJSON_AddStringToObject(device, "slug", r->result->caps.slug);
  cJSON_AddStringToObject(device, "driver", r->result->caps.driver_slug);
  cJSON_AddStringToObject(root, "model", r->model->id);
  cJSON_AddStringToObject(root, "task", r->task->id);
  add_choice(root, "choice", r->space, r->choice);
  add_kernels(root, r);
  add_prediction(root, "predicted", r->space, r->choice, &r->predicted);
  json_add_finetuning(root, r);
  add_default(root, r);
  add_limits(root, r);
  add_explanation(root, r);
  add_front(root, r);
  add_alternatives(root, r);
  cJSON_AddArrayToObject(root, "lost");
  cJSON_AddStringToObject(root, "measured_with", "vkpareto's kernels");
  char *printed = json_text(root, JSON_WIDTH), *text = NULL;
  if (!printed || asprintf(&text, "%s\n", printed) < 0) {
    error_set(err, ERROR_MEMORY, "out of memory for the config");
    text = NULL;
  }
  free(printed);
  cJSON_Delete(root);
  return text;
}
