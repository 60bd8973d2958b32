#include "alternatives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embed.h"

static const char *attention_of(const struct model *m) {
  return m->mla.kv_rank ? "mla" : m->kv_heads == m->heads ? "mha" : m->kv_heads == 1 ? "mqa" : "gqa";
}

/* The first line, as far as there is room. */
static void keep_reason(const struct error *why, struct alternative *out) {
  snprintf(out->reason, sizeof out->reason, "%.*s", (int)strcspn(why->text, "\n"), why->text);
}

static void keep_choice(const struct space *space, const struct task *task, const struct front_point *point,
                        struct alternative *out) {
  out->feasible = true;
  out->predicted = choose_predict_point(space, task, point);
  for (int s = 0; s < SLOT_COUNT; s++)
    snprintf(out->options[s], sizeof out->options[s], "%s", space->slots[s].options[point->choice[s]].name);
}

static void choose_one(const struct space *space, const struct task *task, const struct limits *limits,
                       enum preference preference, struct alternative *out, struct error *err) {
  struct front front;
  struct decision d;
  if (!choose_front(space, &front, err)) return;
  if (choose_decide(space, task, &front, limits, preference, &d, NULL, err))
    keep_choice(space, task, &front.points[d.point], out);
  front_free(&front);
}

/* ERROR_INPUT: it does not serve the task. */
static bool try_model(const struct space_request *request, const struct model *model, const struct limits *limits,
                      enum preference preference, struct alternative *out, struct error *err) {
  struct space_request wanted = *request;
  struct space space;
  wanted.setting = setting_plain(model);
  *out = (struct alternative){.params = model->params, .active_params = model->active_params,
                              .attention = attention_of(model), .experts = model->experts > 0};
  snprintf(out->id, sizeof out->id, "%s", model->id);
  snprintf(out->name, sizeof out->name, "%s", model->name);
  if (space_build(&wanted, &space, err)) {
    choose_one(&space, request->task, limits, preference, out, err);
    space_free(&space);
  }
  keep_reason(err, out);
  return out->feasible || err->kind == ERROR_INFEASIBLE;
}

bool alternatives_find(const struct space_request *request, const struct limits *limits, enum preference preference,
                       struct alternatives *out, struct error *err) {
  static const char folder[] = "models/";
  struct model *model = malloc(sizeof *model);
  *out = (struct alternatives){.at = calloc(n_embedded_files, sizeof *out->at)};
  bool ok = model && out->at;
  for (size_t i = 0; ok && i < n_embedded_files; i++) {
    const struct embedded *file = &embedded_files[i];
    struct error why = {0};
    if (strncmp(file->path, folder, sizeof folder - 1) != 0) continue;
    if (!model_parse(file->text, file->bytes, model, &why)) continue;
    if (strcmp(model->id, request->setting.model->id) == 0) continue;
    if (try_model(request, model, limits, preference, &out->at[out->n], &why)) out->n++;
    ok = why.kind != ERROR_MEMORY;
  }
  free(model);
  if (ok) return true;
  alternatives_free(out);
  return error_set(err, ERROR_MEMORY, "out of memory for other models");
}

void alternatives_free(struct alternatives *list) {
  free(list->at);
  *list = (struct alternatives){0};
}
