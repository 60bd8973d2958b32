#include "study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "json.h"
#include "text.h"

/* "models/x.json" matches the folder "models/" and the pattern by "x". */
static bool is_wanted(const struct embedded *file, const char *folder, const char *pattern) {
  char id[128];
  const size_t before = strlen(folder);
  if (strncmp(file->path, folder, before) != 0) return false;
  const char *name = file->path + before, *dot = strrchr(name, '.');
  snprintf(id, sizeof id, "%.*s", (int)(dot ? dot - name : 0), name);
  return !pattern || text_glob(pattern, id);
}

static bool add_model(struct study *study, const struct embedded *file, struct error *err) {
  struct study_model *at = &study->models[study->n_models];
  at->model = calloc(1, sizeof *at->model);
  if (!at->model) return error_set(err, ERROR_MEMORY, "out of memory for a model");
  study->n_models++;
  if (!model_parse(file->text, file->bytes, at->model, err)) return error_prefix(err, "suites/%s: ", file->path);
  at->vision = at->model->vision.layers > 0;
  return true;
}

static bool add_task(struct study *study, const struct embedded *file, struct error *err) {
  struct task *task = calloc(1, sizeof *task);
  if (!task) return error_set(err, ERROR_MEMORY, "out of memory for a task");
  study->tasks[study->n_tasks++] = task;
  return task_parse(file->text, file->bytes, task, err) || error_prefix(err, "suites/%s: ", file->path);
}

static bool load(struct study *study, const char *models, const char *tasks, struct error *err) {
  study->models = calloc(n_embedded_files, sizeof *study->models);
  study->tasks = calloc(n_embedded_files, sizeof *study->tasks);
  if (!study->models || !study->tasks) return error_set(err, ERROR_MEMORY, "out of memory for models and tasks");
  for (size_t i = 0; i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    if (is_wanted(file, "models/", models) && !add_model(study, file, err)) return false;
    if (is_wanted(file, "tasks/", tasks) && !add_task(study, file, err)) return false;
  }
  if (study->n_models == 0)
    return error_set(err, ERROR_USAGE, "no built-in model matches '%s'; `vkpareto list models` names them",
                     models ? models : "*");
  if (study->n_tasks == 0)
    return error_set(err, ERROR_USAGE, "no built-in task matches '%s'; `vkpareto list tasks` names them",
                     tasks ? tasks : "*");
  return baselines_load(&study->baselines, err);
}

/* The cost model of a result serves all models and tasks. */
static bool add_cases(struct study *study, size_t r, const struct quality *quality, struct error *err) {
  struct error why = {0};
  struct cost_model *cost = cost_build(study->results[r], &why);
  bool ok = cost || why.kind != ERROR_MEMORY;
  if (!ok) *err = why;
  for (size_t m = 0; ok && m < study->n_models; m++)
    for (size_t t = 0; ok && t < study->n_tasks; t++) {
      struct study_case *c = &study->cases[study->n_cases++];
      *c = (struct study_case){.result = r, .model = m, .task = t, .status = CASE_NOT_COSTED};
      if (cost) ok = study_case_make(study, cost, quality, c, err);
      else snprintf(c->reason, sizeof c->reason, "%.500s", why.text);
    }
  cost_free(cost);
  return ok;
}

struct study *study_make(const struct result *const *results, size_t n, const struct study_options *options,
                         struct error *err) {
  struct study *study = calloc(1, sizeof *study);
  struct quality *quality = quality_load(err);
  bool ok = study && quality;
  if (ok) {
    study->results = results;
    study->n_results = n;
    study->memory = options->memory;
    ok = load(study, options->models, options->tasks, err);
  }
  if (ok) {
    study->cases = calloc(n * study->n_models * study->n_tasks + 1, sizeof *study->cases);
    ok = study->cases || error_set(err, ERROR_MEMORY, "out of memory for %zu cases",
                                   n * study->n_models * study->n_tasks);
  }
  for (size_t r = 0; ok && r < n; r++) ok = add_cases(study, r, quality, err);
  quality_free(quality);
  if (ok) return study;
  if (!err->text[0]) error_set(err, ERROR_MEMORY, "out of memory for a study");
  study_free(study);
  return NULL;
}

void study_free(struct study *study) {
  if (!study) return;
  for (size_t i = 0; i < study->n_cases; i++) {
    free(study->cases[i].order.name);
    free(study->cases[i].order.faster);
  }
  for (size_t m = 0; m < study->n_models; m++) free(study->models[m].model);
  for (size_t t = 0; t < study->n_tasks; t++) free(study->tasks[t]);
  free(study->cases);
  free(study->models);
  free(study->tasks);
  free(study);
}
