#include <math.h>
#include <stdlib.h>

#include "json.h"
#include "present.h"

static void add_range(cJSON *object, const char *name, struct range range) {
  if (!isfinite(range.value)) {
    cJSON_AddNullToObject(object, name);
    return;
  }
  cJSON *member = cJSON_AddObjectToObject(object, name);
  json_add_number(member, "value", range.value);
  json_add_number(member, "lo", range.lo);
  json_add_number(member, "hi", range.hi);
}

static void add_gain(cJSON *object, const char *name, const struct gain *gain) {
  cJSON *member = cJSON_AddObjectToObject(object, name);
  json_add_number(member, "time", gain->time);
  json_add_number(member, "memory", gain->memory);
  json_add_number(member, "energy", gain->energy);
  json_add_number(member, "mean", gain->mean);
}

static cJSON *pick_json(const struct study_pick *pick, int kind) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "pick", study_pick_names[kind]);
  cJSON_AddBoolToObject(object, "known", pick->known);
  if (!pick->known) {
    cJSON_AddStringToObject(object, "reason", pick->reason);
    return object;
  }
  if (kind == PICK_SINGLE) cJSON_AddStringToObject(object, "stage", pick_stage_names[pick->stage]);
  cJSON_AddStringToObject(object, "choice", pick->choice);
  cJSON_AddBoolToObject(object, "fits", pick->fits);
  cJSON_AddBoolToObject(object, "within_quality", pick->within_quality);
  add_range(object, "request_ns", pick->request_ns);
  add_range(object, "ttft_ns", pick->ttft_ns);
  add_range(object, "tpot_ns", pick->tpot_ns);
  json_add_number(object, "memory", pick->memory);
  json_add_number(object, "host_memory", pick->host_bytes);
  add_range(object, "energy_per_token", pick->token_joules);
  add_range(object, "quality_loss_nats", pick->quality_nats);
  add_gain(object, "gain", &pick->gain);
  return object;
}

static cJSON *case_json(const struct study *study, const struct study_case *c) {
  cJSON *object = cJSON_CreateObject();
  json_add_int(object, "result", (int64_t)c->result);
  cJSON_AddStringToObject(object, "model", study->models[c->model].model->id);
  cJSON_AddStringToObject(object, "task", study->tasks[c->task]->id);
  cJSON_AddStringToObject(object, "status", study_status_names[c->status]);
  if (c->reason[0]) cJSON_AddStringToObject(object, "reason", c->reason);
  else cJSON_AddNullToObject(object, "reason");
  cJSON *picks = cJSON_AddArrayToObject(object, "picks");
  if (c->status == CASE_NOT_COSTED) return object;
  if (c->picks[PICK_HOSTED].known) add_gain(object, "gain_over_hosted_default", &c->over_hosted);
  cJSON_AddBoolToObject(object, "time_is_tie", c->time_is_tie);
  json_add_int(object, "unknown_quality", (int64_t)c->n_unknown);
  json_add_int(object, "uncosted_ops", (int64_t)c->n_uncosted);
  for (int kind = 0; kind < PICK_COUNT; kind++) cJSON_AddItemToArray(picks, pick_json(&c->picks[kind], kind));
  return object;
}

static void add_counts(cJSON *object, const struct study_summary *s) {
  cJSON *member = cJSON_AddObjectToObject(object, "by_status");
  for (int status = 0; status < CASE_STATUSES; status++)
    json_add_int(member, study_status_names[status], (int64_t)s->by_status[status]);
}

static void add_means(cJSON *object, const struct study_summary *s) {
  cJSON *means = cJSON_AddArrayToObject(object, "gains");
  for (int kind = 0; kind < PICK_COUNT; kind++) {
    cJSON *mean = cJSON_CreateObject();
    cJSON_AddStringToObject(mean, "pick", study_pick_names[kind]);
    json_add_number(mean, "mean", geometric_mean(&s->gain[kind]));
    json_add_int(mean, "cases", (int64_t)s->gain[kind].n);
    json_add_int(mean, "lossy", (int64_t)s->lossy[kind]);
    json_add_int(mean, "too_large", (int64_t)s->too_large[kind]);
    cJSON_AddItemToArray(means, mean);
  }
}

static cJSON *group_json(const struct study *study, size_t result, enum study_group_kind group) {
  const struct study_summary s = study_summarise(study, result, group);
  const double gain = geometric_mean(&s.gain[PICK_JOINT]), goal = study->baselines.goal[group];
  const struct gain parts = {geometric_mean(&s.time), geometric_mean(&s.memory), geometric_mean(&s.energy), gain};
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "models", study_group_names[group]);
  json_add_int(object, "cases", (int64_t)s.cases);
  add_counts(object, &s);
  add_gain(object, "gain", &parts);
  json_add_number(object, "goal", goal);
  if (isnan(gain)) cJSON_AddNullToObject(object, "reached");
  else cJSON_AddBoolToObject(object, "reached", gain >= goal);
  json_add_number(object, "gain_where_only_tuned_fits", geometric_mean(&s.only_tuned));
  json_add_number(object, "the_same_over_hosted_default", geometric_mean(&s.tuned_over_hosted));
  json_add_number(object, "gain_with_host_memory", geometric_mean(&s.only_hosted));
  json_add_int(object, "of_cases_with_host_memory", (int64_t)s.only_hosted.n);
  add_means(object, &s);
  cJSON *limits = cJSON_AddArrayToObject(object, "limits");
  char text[400];
  for (size_t i = 0; isfinite(gain) && study_limit(&s, i, text, sizeof text); i++)
    cJSON_AddItemToArray(limits, cJSON_CreateString(text));
  return object;
}

static cJSON *result_json(const struct study *study, size_t r) {
  const struct result *result = study->results[r];
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "device", result->caps.name);
  cJSON_AddStringToObject(object, "driver", result->caps.driver_name);
  cJSON_AddStringToObject(object, "driver_info", result->caps.driver_info);
  cJSON_AddStringToObject(object, "suite", result->run.suite);
  cJSON_AddStringToObject(object, "path", result->path);
  cJSON_AddStringToObject(object, "sha256", result->sha256);
  cJSON *groups = cJSON_AddArrayToObject(object, "groups");
  for (int g = 0; g < GROUP_COUNT; g++) cJSON_AddItemToArray(groups, group_json(study, r, (enum study_group_kind)g));
  return object;
}

static bool add_flips(const struct study *study, cJSON *root, struct error *err) {
  struct study_flip *list;
  size_t n;
  if (!study_flips(study, &list, &n, err)) return false;
  cJSON *flips = cJSON_AddArrayToObject(root, "flips");
  for (size_t i = 0; i < n && list[i].flips; i++) {
    const struct study_case *c = &study->cases[list[i].example];
    cJSON *flip = cJSON_CreateObject(), *results = cJSON_AddArrayToObject(flip, "results");
    for (int k = 0; k < 2; k++) cJSON_AddItemToArray(results, cJSON_CreateNumber((double)list[i].result[k]));
    cJSON_AddStringToObject(flip, "faster_on_first", list[i].faster);
    cJSON_AddStringToObject(flip, "faster_on_second", list[i].slower);
    json_add_int(flip, "cases", (int64_t)list[i].flips);
    json_add_int(flip, "sure", (int64_t)list[i].sure);
    json_add_int(flip, "compared", (int64_t)list[i].compared);
    cJSON_AddStringToObject(flip, "model", study->models[c->model].model->id);
    cJSON_AddStringToObject(flip, "task", study->tasks[c->task]->id);
    cJSON_AddItemToArray(flips, flip);
  }
  free(list);
  return true;
}

bool study_print_json(const struct study *study, FILE *out, struct error *err) {
  cJSON *root = cJSON_CreateObject();
  cJSON_AddStringToObject(root, "schema", "vkpareto.study/1");
  json_add_number(root, "quality_limit_nats", study->baselines.quality_nats);
  json_add_number(root, "max_memory", study->memory);
  cJSON_AddStringToObject(root, "gain", "geometric mean of request time, memory and energy (those known), the "
                                        "default's over the pick's");
  cJSON *results = cJSON_AddArrayToObject(root, "results");
  for (size_t r = 0; r < study->n_results; r++) cJSON_AddItemToArray(results, result_json(study, r));
  cJSON *cases = cJSON_AddArrayToObject(root, "cases");
  for (size_t i = 0; i < study->n_cases; i++) cJSON_AddItemToArray(cases, case_json(study, &study->cases[i]));
  char *text = add_flips(study, root, err) ? json_text(root, JSON_WIDTH) : NULL;
  cJSON_Delete(root);
  if (text) fprintf(out, "%s\n", text);
  free(text);
  return text || (err->text[0] ? false : error_set(err, ERROR_MEMORY, "out of memory printing a study"));
}
