/* The joint choice of a case: every setting in turn. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "case.h"
#include "enumerate.h"
#include "placement.h"

/* ---- what a layer in the host's memory costs */

/* Of one layer of those that the setting moves, when each phase copies so many bytes for all of them. */
static struct pick_layer layer_of(const struct case_context *c, const struct space *space, double bytes,
                                  const double ns[PHASE_COUNT], int64_t layers) {
  struct space_time time[PHASE_COUNT] = {0};
  for (int p = 0; p < PHASE_COUNT; p++) timing_add_ns(c->request->cost, &time[p], PART_UPLOAD, ns[p]);
  const double joules = time[PHASE_PREFILL].joules + space->decode_steps * time[PHASE_DECODE].joules;
  timing_serve(c->task, time);
  const double all = (double)layers;
  return (struct pick_layer){bytes / all, (time[PHASE_PREFILL].ns + space->decode_steps * time[PHASE_DECODE].ns) / all,
                             joules / all};
}

static struct setting setting_with(const struct space *space, bool experts, int64_t layers) {
  struct setting setting = space->setting;
  setting.offload = experts ? (struct offload){.expert_layers = layers} : (struct offload){.layers = layers};
  return setting;
}

static struct pick_layer layer_of_option(const struct case_context *c, const struct space *space,
                                         const struct setting *all, int64_t layers, int slot, size_t option) {
  char technique[sizeof space->slots[slot].options[option].name + sizeof "matmul."];
  snprintf(technique, sizeof technique, "matmul.%s", space->slots[slot].options[option].name);
  const struct placement p = placement_of(all, &space->work, (enum tensor_class)slot, technique_find(technique));
  double ns[PHASE_COUNT];
  for (int k = 0; k < PHASE_COUNT; k++) ns[k] = 1e9 * p.copied[k] / c->request->cost->result->ceilings.upload;
  return layer_of(c, space, p.host, ns, layers);
}

static void fill_host(const struct case_context *c, const struct space *space, bool experts, struct pick_host *out) {
  const struct model *model = space->setting.model;
  const struct result *result = c->request->cost->result;
  out->layers = model->experts ? model->layers - model->dense_layers : model->layers;
  out->room = placement_host_memory(result, c->limits.memory);
  const struct setting all = setting_with(space, experts, out->layers);
  for (int s = 0; s < CLASS_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n && o < FRONT_OPTIONS; o++)
      out->option[s][o] = layer_of_option(c, space, &all, out->layers, s, o);
  double ns[PHASE_COUNT];
  for (int p = 0; p < PHASE_COUNT; p++)
    ns[p] = isfinite(result->ceilings.submit_ns)
          ? placement_submissions(&all, &space->work, (enum phase)p) * result->ceilings.submit_ns : 0;
  out->fixed = layer_of(c, space, 0, ns, out->layers);
}

/* ---- the search */

enum { SEARCHES = 2 };
struct search { enum pick_stage stage; enum study_pick_kind kind; double mean; struct error why; };

static void keep_joint(const struct case_context *c, const struct space *space, const uint8_t choice[SLOT_COUNT],
                       struct study_case *out) {
  const struct space spaces[] = {*c->space, *space};
  struct front_point base = {.choice[CHOICE_SETTING] = 0};
  struct front_point point = {.choice[CHOICE_SETTING] = space == c->space ? 0 : 1};
  memcpy(base.choice, c->base, sizeof c->base);
  memcpy(point.choice, choice, sizeof c->base);
  out->time_is_tie = choose_points_tie(spaces, c->task, &base, &point, false);
  out->rest_share = (space->fixed[PHASE_PREFILL].ns + space->decode_steps * space->fixed[PHASE_DECODE].ns)
                  / out->picks[PICK_JOINT].request_ns.value;
  out->read_share[1] = case_read_share(space, choice);
}

static void keep(const struct case_context *c, const struct space *space, const uint8_t choice[SLOT_COUNT],
                 const struct search *s, struct study_case *out) {
  out->picks[s->kind] = (struct study_pick){0};
  case_keep(c, space, choice, &out->picks[s->kind]);
  if (s->kind == PICK_JOINT) keep_joint(c, space, choice, out);
}

/* What was found is made anew with the layers where they are to lie. */
static bool keep_hosted(const struct case_context *c, const struct space *space, bool experts, const struct pick *pick,
                        const struct search *s, struct study_case *out, struct error *err) {
  struct space_request wanted = *c->request;
  struct space moved;
  wanted.setting = setting_with(space, experts, pick->layers);
  if (!space_build(&wanted, &moved, err)) return false;
  keep(c, &moved, pick->choice, s, out);
  space_free(&moved);
  return true;
}

/* The best of the space, where it beats what was found before. */
static bool look(const struct case_context *c, const struct space *space, bool experts, const struct pick_host *host,
                 struct search *s, struct study_case *out, struct error *err) {
  struct pick pick;
  struct error why = {0};
  const bool found = pick_best(space, c->task, &c->plain, s->stage, &c->limits, host, &pick, &why);
  if (why.kind == ERROR_MEMORY) return *err = why, false;
  if (!found && s->mean == 0) s->why = why;
  if (!found || pick.mean <= s->mean) return true;
  s->mean = pick.mean;
  if (host) return keep_hosted(c, space, experts, &pick, s, out, err);
  keep(c, space, pick.choice, s, out);
  return true;
}

static bool look_with_host(const struct case_context *c, const struct space *space, struct search search[SEARCHES],
                           const bool wanted[SEARCHES], struct study_case *out, struct error *err) {
  const int kinds = space->setting.model->experts ? 2 : 1;
  for (int k = 0; k < kinds; k++) {
    struct pick_host host;
    fill_host(c, space, k == 1, &host);
    for (int i = 0; i < SEARCHES; i++)
      if (wanted[i] && !look(c, space, k == 1, &host, &search[i], out, err)) return false;
  }
  return true;
}

/* One micro-batch after the other, the plain one first. */
static bool look_everywhere(const struct case_context *c, const struct setting_list *list, bool with_host,
                            struct search search[SEARCHES], struct study_case *out, struct error *err) {
  bool wanted[SEARCHES], ok = true;
  for (int i = 0; i < SEARCHES; i++) wanted[i] = search[i].mean == 0;
  for (size_t m = 0; ok && m < list->n; m++) {
    struct space_request request = *c->request;
    struct space made = {0};
    struct error why = {0};
    request.setting = list->at[m];
    if (m > 0 && !space_build(&request, &made, &why)) {
      if (why.kind == ERROR_MEMORY) return *err = why, false;
      continue;
    }
    const struct space *space = m == 0 ? c->space : &made;
    if (with_host) ok = look_with_host(c, space, search, wanted, out, err);
    for (int i = 0; ok && !with_host && i < SEARCHES; i++) ok = look(c, space, false, NULL, &search[i], out, err);
    if (m > 0) space_free(&made);
  }
  return ok;
}

/* ---- the default with weights in the host's memory */

static bool keep_default(const struct case_context *c, const struct setting *setting, struct study_pick *out,
                         struct error *err) {
  struct space_request wanted = *c->request;
  struct space space;
  wanted.setting = *setting;
  if (!space_build(&wanted, &space, err)) return false;
  struct study_pick here = {0};
  case_keep(c, &space, c->base, &here);
  here.gain = (struct gain){NAN, NAN, NAN, NAN};
  space_free(&space);
  const double room = placement_host_memory(c->request->cost->result, c->limits.memory);
  if (here.host_bytes <= room && (!out->known || here.request_ns.value < out->request_ns.value)) *out = here;
  return true;
}

static bool find_hosted_default(const struct case_context *c, struct study_pick *out, struct error *err) {
  const int kinds = c->space->setting.model->experts ? 2 : 1;
  for (int k = 0; k < kinds; k++) {
    struct setting setting;
    if (enumerate_fewest(c->space, k == 1, c->base, c->limits.memory, &setting) && !keep_default(c, &setting, out, err))
      return false;
  }
  if (!out->known) case_miss(out, "neither the device holds the default nor, with weights there, the host's memory");
  return true;
}

static struct prediction needs_of(const struct study_pick *pick) {
  return (struct prediction){.request_ns = pick->request_ns.value, .memory = pick->memory,
                             .host_bytes = pick->host_bytes, .token_joules = pick->token_joules};
}

/* ---- the whole */

/* The plain micro-batch and the largest, which copies least often. */
static struct setting_list ends_of(const struct setting_list *list) {
  struct setting_list two = {.at = {list->at[0]}, .n = 1};
  for (size_t i = 1; i < list->n; i++)
    if (list->at[i].micro_batch > two.at[two.n - 1].micro_batch) two.at[1] = list->at[i], two.n = 2;
  return two;
}

bool case_find_joint(const struct case_context *c, struct study_case *out, struct error *err) {
  struct search search[SEARCHES] = {{.stage = STAGE_ALL, .kind = PICK_JOINT},
                                    {.stage = STAGE_UNKNOWN, .kind = PICK_FREE}};
  struct setting_list list = enumerate_micro_batches(c->space->setting.model, c->task);
  if (!look_everywhere(c, &list, false, search, out, err)) return false;
  const bool can_copy = c->request->cost->result->ceilings.upload > 0;
  if (search[0].mean == 0 && can_copy) {
    const struct setting_list two = ends_of(&list);
    if (!look_everywhere(c, &two, true, search, out, err)) return false;
  }
  for (int i = 0; i < SEARCHES; i++)
    if (search[i].mean == 0) case_miss(&out->picks[search[i].kind], search[i].why.text);

  struct study_pick *hosted = &out->picks[PICK_HOSTED];
  const struct study_pick *joint = &out->picks[PICK_JOINT];
  if (out->picks[PICK_DEFAULT].fits) case_miss(hosted, "the default fits without");
  else if (!can_copy) case_miss(hosted, "the result has no speed of copies from the host to the device");
  else if (!find_hosted_default(c, hosted, err)) return false;
  if (!hosted->known || !joint->known) return true;
  const struct prediction base = needs_of(hosted), pick = needs_of(joint);
  out->over_hosted = gain_of(&base, &pick);
  return true;
}
