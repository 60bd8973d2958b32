#include "json_finetune.h"

#include <math.h>

void json_add_adapter(cJSON *choice, const struct space *space) {
  const struct finetune *f = &space->setting.finetune;
  if (f->method == FINETUNE_NONE) {
    cJSON_AddNullToObject(choice, "adapter");
    return;
  }
  cJSON *object = cJSON_AddObjectToObject(choice, "adapter");
  cJSON_AddStringToObject(object, "method", finetune_method_names[f->method]);
  cJSON_AddStringToObject(object, "form", finetune_form_names[f->form]);
  json_add_int(object, "rank", f->rank);
  cJSON_AddStringToObject(object, "target", finetune_target_names[f->target]);
}

/* ---- the tuning step */

static void add_published(cJSON *to, const struct recommendation *r, const char *method) {
  const struct finetune_speed *s =
    r->figures ? finetune_speed_near(r->figures, method, r->model->params, r->step.tokens) : NULL;
  if (!s) {
    cJSON_AddNullToObject(to, "published");
    return;
  }
  cJSON *object = cJSON_AddObjectToObject(to, "published");
  cJSON_AddStringToObject(object, "device", s->device);
  cJSON_AddStringToObject(object, "model", s->model);
  json_add_int(object, "tokens", s->tokens);
  json_add_number(object, "samples_per_s", s->samples_per_s);
  json_add_number(object, "memory", s->memory);
  cJSON_AddStringToObject(object, "note", s->note);
  cJSON_AddStringToObject(object, "source", s->source);
}

static void add_step(cJSON *to, const struct recommendation *r, const char *method) {
  const struct finetune_step *step = &r->step;
  cJSON *object = cJSON_AddObjectToObject(to, "step");
  json_add_int(object, "tokens", step->tokens);
  json_add_number(object, "trained", step->params);
  json_add_number(object, "memory", round(step->memory));
  cJSON *parts = cJSON_AddObjectToObject(object, "memory_parts");
  json_add_number(parts, "base", round(step->base_bytes));
  json_add_number(parts, "trained_state", step->state_bytes);
  json_add_number(parts, "activations", step->activation_bytes);
  json_add_number(parts, "logits", step->logits_bytes);
  json_add_number(object, "time_ns", round(step->ns));
  cJSON_AddStringToObject(object, "time", step->reason[0] ? "unknown" : "estimated");
  if (step->reason[0]) cJSON_AddStringToObject(object, "reason", step->reason);
  json_add_number(object, "energy", step->joules);
  json_add_number(object, "energy_error", step->joules_error);
  if (step->energy_reason[0]) cJSON_AddStringToObject(object, "energy_reason", step->energy_reason);
  json_add_number(object, "extrapolated_share", round(1e6 * step->extrapolated_share) / 1e6);
  add_published(object, r, method);
}

/* ---- the whole */

static void add_accuracy(cJSON *to, const struct recommendation *r, const char *method) {
  cJSON *list = cJSON_AddArrayToObject(to, "accuracy");
  const struct finetune_accuracy *a;
  for (size_t i = 0; r->figures && (a = finetune_accuracy_at(r->figures, method, r->model->params, i)); i++) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(list, object);
    cJSON_AddStringToObject(object, "model", a->model);
    cJSON_AddStringToObject(object, "dataset", a->dataset);
    cJSON_AddStringToObject(object, "metric", a->metric);
    json_add_number(object, "value", a->value);
    json_add_number(object, "base", a->base);
    cJSON_AddStringToObject(object, "baseline", a->baseline);
    cJSON_AddStringToObject(object, "source", a->source);
  }
}

void json_add_finetuning(cJSON *root, const struct recommendation *r) {
  const struct finetune *f = &r->space->setting.finetune;
  if (f->method == FINETUNE_NONE) return;
  const char *method = finetune_method_names[f->method];
  cJSON *object = cJSON_AddObjectToObject(root, "finetuning");
  cJSON_AddStringToObject(object, "method", method);
  json_add_int(object, "rank", f->rank);
  add_step(object, r, method);
  add_accuracy(object, r, method);
}
