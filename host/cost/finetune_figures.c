#include "finetune_figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"
#include "json.h"
#include "quality.h"

static const char *const schemas[] = {"vkpareto.finetune-speed/1", "vkpareto.finetune-accuracy/1"};
enum { SPEED, ACCURACY };

static bool speed_read(const cJSON *item, struct finetune_speed *s, struct error *err) {
  return json_copy(item, "method", s->method, sizeof s->method, err)
      && json_copy(item, "model", s->model, sizeof s->model, err)
      && json_copy(item, "device", s->device, sizeof s->device, err)
      && json_copy(item, "source", s->source, sizeof s->source, err)
      && json_copy(item, "note", s->note, sizeof s->note, err)
      && json_number(item, "params", 1, 1e15, &s->params, err)
      && json_int(item, "tokens", 1, 1 << 24, &s->tokens, err)
      && json_number_or_nan(item, "samples_per_s", 1e-9, 1e9, &s->samples_per_s, err)
      && json_number_or_nan(item, "memory", 1, 1e15, &s->memory, err);
}

static bool accuracy_read(const cJSON *item, struct finetune_accuracy *a, struct error *err) {
  return json_copy(item, "method", a->method, sizeof a->method, err)
      && json_copy(item, "baseline", a->baseline, sizeof a->baseline, err)
      && json_copy(item, "model", a->model, sizeof a->model, err)
      && json_copy(item, "metric", a->metric, sizeof a->metric, err)
      && json_copy(item, "dataset", a->dataset, sizeof a->dataset, err)
      && json_copy(item, "source", a->source, sizeof a->source, err)
      && json_number(item, "params", 1, 1e15, &a->params, err)
      && json_number(item, "base", -1e9, 1e9, &a->base, err)
      && json_number(item, "value", -1e9, 1e9, &a->value, err);
}

/* Room for n more elements, zeroed. */
static bool grow(void **array, size_t have, size_t more, size_t size, struct error *err) {
  char *out = realloc(*array, (have + more) * size + 1);
  if (!out) return error_set(err, ERROR_MEMORY, "out of memory for %zu figures", have + more);
  memset(out + have * size, 0, more * size);
  *array = out;
  return true;
}

static bool speeds_read(const cJSON *list, struct finetune_figures *f, struct error *err) {
  const cJSON *item;
  if (!grow((void **)&f->speeds, f->n_speeds, (size_t)cJSON_GetArraySize(list), sizeof *f->speeds, err)) return false;
  cJSON_ArrayForEach(item, list) {
    if (!speed_read(item, &f->speeds[f->n_speeds], err)) return error_prefix(err, "figure %zu: ", f->n_speeds);
    f->n_speeds++;
  }
  return true;
}

static bool accuracies_read(const cJSON *list, struct finetune_figures *f, struct error *err) {
  const cJSON *item;
  if (!grow((void **)&f->accuracies, f->n_accuracies, (size_t)cJSON_GetArraySize(list), sizeof *f->accuracies, err))
    return false;
  cJSON_ArrayForEach(item, list) {
    if (!accuracy_read(item, &f->accuracies[f->n_accuracies], err))
      return error_prefix(err, "figure %zu: ", f->n_accuracies);
    f->n_accuracies++;
  }
  return true;
}

bool finetune_figures_parse(struct finetune_figures *f, const char *text, size_t bytes, struct error *err) {
  cJSON *root = json_parse(text, bytes, err);
  const char *schema = root ? json_string(root, "schema", 64, err) : NULL;
  const bool speed = schema && strcmp(schema, schemas[SPEED]) == 0;
  const cJSON *list = schema && json_check_schema(root, schemas[speed ? SPEED : ACCURACY], err)
                      ? json_array(root, "figures", err) : NULL;
  const bool ok = list && (speed ? speeds_read : accuracies_read)(list, f, err);
  cJSON_Delete(root);
  return ok;
}

struct finetune_figures *finetune_figures_load(struct error *err) {
  struct finetune_figures *f = calloc(1, sizeof *f);
  if (!f) return error_set(err, ERROR_MEMORY, "out of memory for the figures of fine-tuning"), NULL;
  for (size_t i = 0; i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    if (strncmp(file->path, "finetune/", 9) != 0 || finetune_figures_parse(f, file->text, file->bytes, err)) continue;
    error_prefix(err, "suites/%s: ", file->path);
    finetune_figures_free(f);
    return NULL;
  }
  return f;
}

void finetune_figures_clear(struct finetune_figures *f) {
  free(f->speeds);
  free(f->accuracies);
  *f = (struct finetune_figures){0};
}

void finetune_figures_free(struct finetune_figures *f) {
  if (!f) return;
  finetune_figures_clear(f);
  free(f);
}

/* ---- choosing */

static double distance(double a, double b) { return fabs(log(a / b)); }
static bool is_far(double params, double other) { return distance(params, other) > log(QUALITY_SIZE_RANGE); }

const struct finetune_speed *finetune_speed_near(const struct finetune_figures *f, const char *method, double params,
                                                 int64_t tokens) {
  const struct finetune_speed *best = NULL;
  for (size_t i = 0; i < f->n_speeds; i++) {
    const struct finetune_speed *s = &f->speeds[i];
    if (strcmp(s->method, method) != 0 || is_far(s->params, params)) continue;
    const double size = distance(s->params, params), length = distance((double)s->tokens, (double)tokens);
    const double best_size = best ? distance(best->params, params) : INFINITY;
    if (size < best_size || (size == best_size && length < distance((double)best->tokens, (double)tokens)))
      best = s;
  }
  return best;
}

const struct finetune_accuracy *finetune_accuracy_at(const struct finetune_figures *f, const char *method,
                                                     double params, size_t index) {
  for (size_t i = 0; i < f->n_accuracies; i++) {
    const struct finetune_accuracy *a = &f->accuracies[i];
    if (strcmp(a->method, method) == 0 && !is_far(a->params, params) && index-- == 0) return a;
  }
  return NULL;
}
