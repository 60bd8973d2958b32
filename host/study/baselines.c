#include "baselines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "embed.h"
#include "json.h"

const char *const study_group_names[GROUP_COUNT] = {"all", "30B and more", "vision-language"};
static const char *const goal_fields[GROUP_COUNT] = {"all", "large", "vision"};

static bool copy(const cJSON *object, const char *name, char *out, size_t size, struct error *err) {
  const char *text = json_string(object, name, size - 1, err);
  if (text) snprintf(out, size, "%s", text);
  return text != NULL;
}

/* The mean over the columns in which the technique has a rank; those without are null for the whole band. */
static bool mean_rank(const cJSON *technique, double *mean, struct error *err) {
  const cJSON *ranks = json_object(technique, "ranks", err), *rank;
  if (!ranks) return false;
  double sum = 0;
  size_t n = 0;
  cJSON_ArrayForEach(rank, ranks) {
    if (cJSON_IsNull(rank)) continue;
    double value;
    if (!json_number(ranks, rank->string, 1, 100, &value, err)) return false;
    sum += value;
    n++;
  }
  if (n == 0) return error_set(err, ERROR_INPUT, "field 'ranks' holds no rank");
  *mean = sum / (double)n;
  return true;
}

static bool read_band(const cJSON *item, struct baseline_band *band, struct error *err) {
  const cJSON *techniques, *technique;
  if (!copy(item, "name", band->name, sizeof band->name, err)
      || !json_number(item, "params_min", 1, 1e15, &band->params_min, err)
      || !json_number(item, "params_max", band->params_min, 1e15, &band->params_max, err)
      || !(techniques = json_array(item, "techniques", err)))
    return false;
  band->mean_rank = INFINITY;
  cJSON_ArrayForEach(technique, techniques) {
    struct baseline_band here = *band;
    if (!copy(technique, "technique", here.technique, sizeof here.technique, err)
        || !copy(technique, "ours", here.ours, sizeof here.ours, err) || !mean_rank(technique, &here.mean_rank, err))
      return false;
    if (here.mean_rank < band->mean_rank) *band = here;
  }
  return isfinite(band->mean_rank) || error_set(err, ERROR_INPUT, "field 'techniques' is empty");
}

static bool read_manual(const cJSON *root, struct baselines *out, struct error *err) {
  const cJSON *manual = json_object(root, "manual", err);
  const cJSON *weights = manual ? json_object(manual, "weights", err) : NULL;
  bool ok = weights != NULL;
  for (int c = 0; ok && c < CLASS_COUNT; c++)
    ok = copy(weights, tensor_class_names[c], out->manual[c], sizeof out->manual[c], err);
  return ok;
}

static bool read_goals(const cJSON *root, struct baselines *out, struct error *err) {
  const cJSON *goals = json_object(root, "goals", err);
  bool ok = goals && json_number(goals, "large_params", 1, 1e15, &out->large_params, err);
  for (int g = 0; ok && g < GROUP_COUNT; g++) ok = json_number(goals, goal_fields[g], 1, 1000, &out->goal[g], err);
  return ok;
}

static bool read_bands(const cJSON *root, struct baselines *out, struct error *err) {
  const cJSON *ranks = json_object(root, "efficientllm", err), *item;
  const cJSON *bands = ranks ? json_array(ranks, "bands", err) : NULL;
  if (!bands) return false;
  cJSON_ArrayForEach(item, bands) {
    if (out->n_bands == BASELINE_BANDS)
      return error_set(err, ERROR_INPUT, "field 'bands' has over %d entries", BASELINE_BANDS);
    if (!read_band(item, &out->bands[out->n_bands++], err)) return error_prefix(err, "band %zu: ", out->n_bands - 1);
  }
  return true;
}

bool baselines_parse(const char *text, size_t bytes, struct baselines *out, struct error *err) {
  *out = (struct baselines){0};
  cJSON *root = json_parse(text, bytes, err);
  double pct = 0;
  bool ok = root && json_check_schema(root, "vkpareto.study-baselines/1", err)
         && json_number(root, "quality_limit_pct", 0, 100, &pct, err) && read_goals(root, out, err)
         && read_manual(root, out, err) && read_bands(root, out, err);
  out->quality_nats = log1p(pct / 100);
  cJSON_Delete(root);
  return ok;
}

bool baselines_load(struct baselines *out, struct error *err) {
  for (size_t i = 0; i < n_embedded_files; i++)
    if (strcmp(embedded_files[i].path, "study/baselines.json") == 0)
      return baselines_parse(embedded_files[i].text, embedded_files[i].bytes, out, err)
          || error_prefix(err, "suites/study/baselines.json: ");
  return error_set(err, ERROR_INPUT, "this build has no suites/study/baselines.json; build it anew");
}

const struct baseline_band *baselines_band(const struct baselines *baselines, double params) {
  for (size_t b = 0; b < baselines->n_bands; b++) {
    const struct baseline_band *band = &baselines->bands[b];
    if (params >= band->params_min && params <= band->params_max) return band;
  }
  return NULL;
}
