/* The words about choices per layer. */
#include <stdio.h>
#include <string.h>

#include "recommend.h"
#include "steps.h"
#include "text.h"

static void write_origin(const struct recommendation *r, char *out, size_t size) {
  const struct sensitivity *s = r->sensitivities;
  const bool same = strcmp(s->model, r->model->id) == 0;
  snprintf(out, size, "formats per layer by sensitivities%s%s (%s)%s", same ? "" : " of ", same ? "" : s->model,
           s->source, same ? "" : ", which are taken for this model's");
}

static void write_slack(const struct recommendation *r, char *out, size_t size) {
  const struct layers_slack *slack = &r->outer.slack;
  if (slack->relative > 0 || slack->nats > 0)
    snprintf(out, size, "proved: for every choice per layer within the limits there is one on the front with at most "
             "%.3g %% more time, memory and energy and %.2g nats more loss", 100 * slack->relative, slack->nats);
  else
    snprintf(out, size, "the front over all choices per layer within the limits is exact");
}

static void write_gain(const struct recommendation *r, char *out, size_t size) {
  struct text t = {out, size, 0};
  struct step step;
  char words[512];
  if (!r->has_uniform) {
    text_add(&t, "with one format per class nothing keeps the limits");
    return;
  }
  if (!steps_layers(r, &step)) {
    text_add(&t, "gained nothing: the best choice has one format per class");
    return;
  }
  steps_text(&step, words, sizeof words);
  text_add(&t, "against the best choice of one format per class (%s): %s", step.from, words);
}

bool recommend_layers(const struct recommendation *r, size_t index, char *out, size_t size) {
  static void (*const lines[])(const struct recommendation *, char *, size_t) = {write_origin, write_slack, write_gain};
  enum { LINES = sizeof lines / sizeof lines[0] };
  if (!r->sensitivities) return false;
  if (index < LINES) return lines[index](r, out, size), true;
  index -= LINES;
  for (int c = 0; c < CLASS_COUNT; c++) {
    const char *why = r->space->slots[c].unmixed;
    if (!why || c == CLASS_LOGITS || index-- > 0) continue;
    snprintf(out, size, "%s has one format in all layers: %s", slot_names[c], why);
    return true;
  }
  return false;
}
