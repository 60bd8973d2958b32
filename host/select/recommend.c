#include "recommend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "placement.h"
#include "text.h"

static struct limits with_device_memory(const struct recommend_options *options, const struct result *result,
                                        bool *from_device) {
  struct limits limits = options->limits;
  const uint64_t memory = caps_memory(&result->caps);
  *from_device = !isfinite(limits.at[OBJECTIVE_MEMORY]) && memory > 0;
  if (*from_device) limits.at[OBJECTIVE_MEMORY] = (double)memory;
  limits.memory_of_device = *from_device;
  return limits;
}

/* The option of 16-bit weights, or of flash attention (else any) over a 16-bit cache with one algorithm; n when there
 * is none. */
static size_t plain_option(const struct space_slot *slot, bool attention) {
  size_t found = slot->n;
  for (size_t o = 0; o < slot->n; o++) {
    const struct space_option *option = &slot->options[o];
    if (!attention && strcmp(option->name, "f16") == 0) return o;
    if (!attention || strcmp(option->kv, "f16") != 0 || option->technique[0] != option->technique[1]) continue;
    if (strcmp(option->name, "flash f16") == 0) return o;
    found = o;
  }
  return found;
}

static bool find_plain(const struct space *space, uint8_t choice[SLOT_COUNT]) {
  for (int s = 0; s < SLOT_COUNT; s++) {
    size_t o = plain_option(&space->slots[s], s == SLOT_ATTENTION);
    if (o == space->slots[s].n) return false;
    choice[s] = (uint8_t)o;
  }
  return true;
}

/* What is compared is one and the same model, tuned or not. */
static bool is_plain_but_for_adapter(struct setting setting) {
  setting.finetune = (struct finetune){0};
  return setting_departs(&setting) == 0;
}

/* What would be chosen if all layers of a class had to have one format. */
static bool decide_uniform(struct recommendation *r, const struct limits *limits, enum preference preference,
                           struct error *err) {
  const struct outer *all = &r->outer;
  struct decision d;
  struct error why = {0};
  if (!r->sensitivities) return true;
  r->has_uniform = choose_decide(all->spaces, r->task, &all->uniform, limits, preference, &d, NULL, &why);
  if (r->has_uniform) r->uniform = all->uniform.points[d.point];
  if (why.kind != ERROR_MEMORY) return true;
  *err = why;
  return false;
}

/* So that other settings can be compared with the chosen mixes in them. */
static bool adopt_mixes(struct recommendation *r, struct error *err) {
  for (size_t i = 0; r->sensitivities && i < r->outer.n; i++)
    for (int s = 0; s < CLASS_COUNT; s++) {
      const struct space_slot *slot = &r->space->slots[s];
      if (!layers_adopt(&r->outer.spaces[i], s, slot, &slot->options[r->choice[s]], err)) return false;
    }
  return true;
}

static bool decide(struct recommendation *r, const struct limits *limits, enum preference preference,
                   struct error *err) {
  const struct outer *all = &r->outer;
  struct redraws redraws;
  if (!choose_decide(all->spaces, r->task, &all->front, limits, preference, &r->decision, &redraws, err)) return false;
  r->stability = stability_of(all->spaces, all->n, &redraws, r->decision.point);
  redraw_free(&redraws);
  const struct front_point *point = &all->front.points[r->decision.point];
  r->space = &all->spaces[point->choice[CHOICE_SETTING]];
  memcpy(r->choice, point->choice, sizeof r->choice);
  r->predicted = choose_predict_point(all->spaces, r->task, point);
  r->plain_space = &all->spaces[0];
  r->has_plain = is_plain_but_for_adapter(r->plain_space->setting) && find_plain(r->plain_space, r->plain);
  if (r->has_plain) r->plain_predicted = choose_predict(r->plain_space, r->task, r->plain);
  return decide_uniform(r, limits, preference, err) && adopt_mixes(r, err);
}

static void drop_from(struct front *front, const struct outer *all, const struct task *task, double host) {
  size_t kept = 0;
  for (size_t i = 0; i < front->n; i++) {
    const struct prediction p = choose_predict_point(all->spaces, task, &front->points[i]);
    if (p.host_bytes == 0 || p.host_bytes <= host) front->points[kept++] = front->points[i];
  }
  front->n = kept;
}

static void drop_too_large_for_host(struct outer *all, const struct task *task, double host) {
  drop_from(&all->front, all, task, host);
  drop_from(&all->uniform, all, task, host);
}

static bool has_setting(const struct outer *all, const struct setting *wanted) {
  for (size_t i = 0; i < all->n; i++) {
    const struct setting *s = &all->spaces[i].setting;
    if (s->micro_batch == wanted->micro_batch && s->offload.layers == wanted->offload.layers
        && s->offload.expert_layers == wanted->offload.expert_layers && s->finetune.method == wanted->finetune.method
        && s->finetune.form == wanted->finetune.form)
      return true;
  }
  return false;
}

/* While the chosen configuration fits with fewer layers in the host's memory than the splits had, those are tried too,
 * and it is decided anew. Ends, since there are only so many layers. */
static bool refine(struct recommendation *r, const struct space_request *request, const struct limits *limits,
                   enum preference preference, struct error *err) {
  const double memory = limits->at[OBJECTIVE_MEMORY];
  for (;;) {
    struct setting fewer;
    const struct offload *away = &r->space->setting.offload;
    if ((!away->layers && !away->expert_layers)
        || !enumerate_fewest(r->space, away->expert_layers > 0, r->choice, memory, &fewer)
        || has_setting(&r->outer, &fewer) || r->outer.n == OUTER_MOST)
      return true;
    if (!outer_add(request, &fewer, &r->outer, err)) return false;
    drop_too_large_for_host(&r->outer, r->task, placement_host_memory(r->result, memory));
    if (!decide(r, limits, preference, err)) return false;
  }
}

static bool count_step(struct recommendation *r, const struct space_request *request, struct error *err) {
  struct space_request chosen = *request;
  chosen.setting = r->space->setting;
  return chosen.setting.finetune.method == FINETUNE_NONE || finetune_step_of(&chosen, &r->step, err);
}

/* A configuration keeps the limits that an offload could help with: it trades time for them. */
static bool fits(const struct outer *all, const struct task *task, const struct limits *limits) {
  struct limits these = *limits;
  these.at[OBJECTIVE_TTFT] = these.at[OBJECTIVE_TPOT] = INFINITY;
  these.at[OBJECTIVE_ENERGY] = INFINITY;
  these.watts = 0;
  for (size_t i = 0; i < all->front.n; i++) {
    const struct prediction p = choose_predict_point(all->spaces, task, &all->front.points[i]);
    if (choose_within(&these, &p)) return true;
  }
  return false;
}

/* All settings; where nothing fits the memory, those with weights in the host's beside the plain one. */
static bool find_front(struct recommendation *r, const struct space_request *request, const struct finetune_wish *wish,
                       const struct limits *limits, struct error *err) {
  struct setting_list list = enumerate_micro_batches(r->model, r->task);
  int64_t largest = 0;
  for (size_t i = 0; i < list.n; i++)
    if (largest < list.at[i].micro_batch) largest = list.at[i].micro_batch;
  struct setting_list all = enumerate_adapters(&list, wish, r->task);
  if (!outer_build(request, all.at, all.n, &r->outer, err)) return false;
  const double memory = limits->at[OBJECTIVE_MEMORY];
  if (!isfinite(memory) || fits(&r->outer, r->task, limits)) return true;
  if (!(r->result->ceilings.upload > 0)) {
    snprintf(r->offload_note, sizeof r->offload_note,
             "weights could lie in the host's memory, but the result has no speed of "
             "copies from there; a new `vkpareto run` measures it");
    return true;
  }
  list.n = 1;
  enumerate_offloads(&r->outer.spaces[0], largest, memory, &list);
  snprintf(r->offload_note, sizeof r->offload_note, "with weights in the host's memory as well");
  all = enumerate_adapters(&list, wish, r->task);
  outer_free(&r->outer);
  if (!outer_build(request, all.at, all.n, &r->outer, err)) return false;
  drop_too_large_for_host(&r->outer, r->task, placement_host_memory(r->result, memory));
  return true;
}

static bool find_alternatives(struct recommendation *r, const struct space_request *request, enum preference preference,
                              struct error *err) {
  struct space_request wanted = *request;
  wanted.setting = setting_plain(r->model);
  wanted.sensitivities = NULL;   /* they are of this model */
  return alternatives_find(&wanted, &r->decision.limits, preference, &r->alternatives, err);
}

static void add_note(struct error *err, const char *note) {
  struct text t = {err->text, sizeof err->text, strlen(err->text)};
  text_add(&t, "\n  (%s)", note);
}

/* The front without limits on choices per layer, so that it can be told what each limit would have to give. */
static bool explain_unlimited(struct recommendation *r, struct space_request *request,
                              const struct recommend_options *options, const struct limits *limits,
                              struct error *err) {
  request->most_bytes = request->most_nats = INFINITY;
  *err = (struct error){0};
  outer_free(&r->outer);
  return find_front(r, request, &options->finetune, limits, err) && decide(r, limits, options->preference, err);
}

static bool find_choice(struct recommendation *r, struct space_request *request,
                        const struct recommend_options *options, const struct limits *limits, struct error *err) {
  if (find_front(r, request, &options->finetune, limits, err) && decide(r, limits, options->preference, err))
    return true;
  return err->kind == ERROR_INFEASIBLE && r->sensitivities && r->outer.n > 0
      && explain_unlimited(r, request, options, limits, err);
}

static void add_slack_note(const struct recommendation *r, struct error *err) {
  char note[160];
  snprintf(note, sizeof note, "choices per layer were covered within %.2g %% and %.2g nats: one may be so much nearer",
           100 * r->outer.slack.relative, r->outer.slack.nats);
  add_note(err, note);
}

struct recommendation *recommend_build(const struct result *result, const struct model *model, const struct task *task,
                                       const struct quality *quality, const struct recommend_options *options,
                                       struct error *err) {
  struct recommendation *r = calloc(1, sizeof *r);
  if (!r) {
    error_set(err, ERROR_MEMORY, "out of memory for a recommendation");
    return NULL;
  }
  *r = (struct recommendation){.result = result, .model = model, .task = task, .figures = options->figures,
                               .sensitivities = options->sensitivities};
  const struct limits limits = with_device_memory(options, result, &r->memory_limit_from_device);
  r->cost = cost_build(result, err);
  struct space_request request = {.cost = r->cost, .quality = quality, .task = task,
                                  .sensitivities = options->sensitivities,
                                  .most_bytes = limits.at[OBJECTIVE_MEMORY], .most_nats = limits.at[OBJECTIVE_QUALITY],
                                  .allow_unknown_quality = options->allow_unknown_quality, .lost = options->lost};
  if (r->cost && find_choice(r, &request, options, &limits, err)
      && refine(r, &request, &limits, options->preference, err)
      && count_step(r, &request, err)
      && (!options->architectures || find_alternatives(r, &request, options->preference, err)))
    return r;
  if (err->kind == ERROR_INFEASIBLE && r->offload_note[0]) add_note(err, r->offload_note);
  if (err->kind == ERROR_INFEASIBLE && r->sensitivities && r->outer.n > 0) add_slack_note(r, err);
  recommend_free(r);
  return NULL;
}

void recommend_free(struct recommendation *r) {
  if (!r) return;
  alternatives_free(&r->alternatives);
  outer_free(&r->outer);
  cost_free(r->cost);
  free(r);
}
