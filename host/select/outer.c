#include "outer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_spaces(const struct space_request *request, const struct setting *settings, size_t n,
                        struct outer *out, struct error *err) {
  struct error first = {0};
  for (size_t i = 0; i < n; i++) {
    struct space_request wanted = *request;
    struct error why = {0};
    wanted.setting = settings[i];
    if (space_build(&wanted, &out->spaces[out->n], &why)) {
      out->n++;
      continue;
    }
    if (why.kind == ERROR_MEMORY) return *err = why, false;
    if (!first.text[0]) first = why;
    struct outer_refusal *refusal = &out->refused[out->n_refused++];
    refusal->setting = settings[i];
    snprintf(refusal->reason, sizeof refusal->reason, "%.500s", why.text);
  }
  if (out->n == 0) *err = first;
  return out->n > 0;
}

/* An unknown cost of one setting must not count as none beside the known ones of others. */
static void leave_out_unknown(struct outer *out) {
  bool quality = true, energy = true;
  for (size_t i = 0; i < out->n; i++) {
    quality = quality && out->spaces[i].quality_known;
    energy = energy && out->spaces[i].energy_known;
  }
  for (size_t i = 0; i < out->n; i++) space_leave_out(&out->spaces[i], !quality, !energy);
}

/* Adds the points of `more`, which are all of the setting i, or say it themselves. */
static const size_t said = SIZE_MAX;
static bool join(struct front *all, const struct front *more, size_t i, struct error *err) {
  struct front_point *points = realloc(all->points, (all->n + more->n) * sizeof *points);
  if (!points && all->n + more->n > 0)
    return error_set(err, ERROR_MEMORY, "out of memory for %zu points", all->n + more->n);
  all->points = points;
  for (size_t k = 0; k < more->n; k++) {
    all->points[all->n] = more->points[k];
    if (i != said) all->points[all->n].choice[CHOICE_SETTING] = (uint8_t)i;
    all->n++;
  }
  return true;
}

bool outer_unite(const struct space *spaces, size_t n, struct front *out, struct error *err) {
  const struct front_algebra objectives = {OBJECTIVE_COUNT, OBJECTIVE_COUNT};
  *out = (struct front){0};
  bool ok = true;
  for (size_t i = 0; ok && i < n; i++) {
    struct front front;
    ok = choose_front(&spaces[i], &front, err) && join(out, &front, i, err);
    front_free(&front);
  }
  ok = ok && (n == 1 || front_prune(&objectives, out, err));
  if (!ok) front_free(out);
  return ok;
}

/* What the i-th setting has beside its front of one format per class; the front is pruned later. */
static bool add_layers(const struct space_request *request, struct outer *out, size_t i, struct error *err) {
  const struct layers_request wanted = {request->sensitivities, request->most_bytes, request->most_nats};
  struct space *space = &out->spaces[i];
  struct layers_slack mixes, slots;
  struct front front = {0};
  const bool ok = layers_expand(space, &wanted, &mixes, err)
               && layers_front(space, &wanted, mixes, LAYERS_POINTS, &front, &slots, err)
               && join(&out->front, &front, i, err);
  front_free(&front);
  if (!ok) return false;
  const struct layers_slack both = layers_both(mixes, slots);
  out->slack.relative = fmax(out->slack.relative, both.relative);
  out->slack.nats = fmax(out->slack.nats, both.nats);
  return true;
}

/* The front of all choices per layer, beside that of one format per class. */
static bool add_all_layers(const struct space_request *request, struct outer *out, struct error *err) {
  const struct front_algebra objectives = {OBJECTIVE_COUNT, OBJECTIVE_COUNT};
  bool ok = join(&out->front, &out->uniform, said, err);
  for (size_t i = 0; ok && i < out->n; i++) ok = add_layers(request, out, i, err);
  return ok && front_prune(&objectives, &out->front, err);
}

bool outer_build(const struct space_request *request, const struct setting *settings, size_t n, struct outer *out,
                 struct error *err) {
  *out = (struct outer){.spaces = calloc(n, sizeof *out->spaces), .refused = calloc(n, sizeof *out->refused)};
  bool ok = out->spaces && out->refused;
  if (!ok) error_set(err, ERROR_MEMORY, "out of memory for %zu settings", n);
  ok = ok && make_spaces(request, settings, n, out, err);
  if (ok) leave_out_unknown(out);
  const bool layers = request->sensitivities != NULL;
  ok = ok && outer_unite(out->spaces, out->n, layers ? &out->uniform : &out->front, err);
  if (ok && (!layers || add_all_layers(request, out, err))) return true;
  outer_free(out);
  return false;
}

bool outer_add(const struct space_request *request, const struct setting *setting, struct outer *out,
               struct error *err) {
  const struct front_algebra objectives = {OBJECTIVE_COUNT, OBJECTIVE_COUNT};
  if (out->n == OUTER_MOST) return error_set(err, ERROR_UNSUPPORTED, "over %d settings", OUTER_MOST);
  struct space *spaces = realloc(out->spaces, (out->n + 1) * sizeof *spaces);
  if (!spaces) return error_set(err, ERROR_MEMORY, "out of memory for another setting");
  out->spaces = spaces;
  struct space_request wanted = *request;
  wanted.setting = *setting;
  if (!space_build(&wanted, &spaces[out->n], err)) return false;
  space_leave_out(&spaces[out->n], !spaces->quality_known, !spaces->energy_known);
  struct front more = {0};
  const size_t i = out->n++;
  bool ok = choose_front(&spaces[i], &more, err) && join(&out->front, &more, i, err);
  if (ok && request->sensitivities)
    ok = join(&out->uniform, &more, i, err) && front_prune(&objectives, &out->uniform, err)
      && add_layers(request, out, i, err);
  ok = ok && front_prune(&objectives, &out->front, err);
  front_free(&more);
  return ok;
}

void outer_free(struct outer *outer) {
  for (size_t i = 0; i < outer->n; i++) space_free(&outer->spaces[i]);
  free(outer->spaces);
  free(outer->refused);
  front_free(&outer->front);
  front_free(&outer->uniform);
  *outer = (struct outer){0};
}
