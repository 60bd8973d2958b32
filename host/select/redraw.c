#include "redraw.h"

#include <math.h>
#include <stdlib.h>

#include "rng.h"

/* Draws of 421 points add 40 ms to the 20 ms of a recommendation, of 521 points in several settings 70 ms to 40 ms
 * (processor time, median of five, 2026-11-22). Longer fronts get fewer draws and so take as long. */
enum { DRAWS = 1000, LEAST_DRAWS = 50, MOST_SCORES = 500000, SEED = 1 };

struct candidate { const struct front_point *point; double memory; };

/* What an option takes of a request's time and joules, and loses of quality. */
struct drawn { double ns, joules, nats; };

/* One draw, of all options. */
struct draw { struct drawn of[SLOT_COUNT][FRONT_OPTIONS]; };

/* The normal number of this draw that a name stands for (FNV-1a of it, Fowler, Noll and Vo). */
static double normal_of(uint64_t seed, const char *name, uint64_t part) {
  uint64_t hash = 14695981039346656037u ^ part;
  for (; *name; name++) hash = (hash ^ (uint8_t)*name) * 1099511628211u;
  struct rng rng = rng_make(rng_derive(seed, hash));
  return rng_normal(&rng);
}

static double redrawn(uint64_t seed, const char *name, uint64_t part, double value, double lo, double hi) {
  const double half = (hi - lo) / 2, deviations = 1.96;   /* of a 95 % interval */
  if (!(half > 0 && value > 0)) return value;   /* an unknown half is not over 0 */
  return value * exp(normal_of(seed, name, part) * log1p(half / value) / deviations);
}

/* Joules have errors of their own: they are measured apart from the times, or modelled. */
static struct drawn draw_option(const struct space *space, const struct space_option *o, uint64_t seed) {
  enum { JOULES = PHASE_COUNT, NATS = 2 * PHASE_COUNT };
  const double steps[PHASE_COUNT] = {[PHASE_PREFILL] = 1, [PHASE_DECODE] = space->decode_steps};
  struct drawn out = {0};
  for (int p = 0; p < PHASE_COUNT; p++) {
    const struct space_time *t = &o->time[p];
    const char *name = o->technique[p]->id;
    const uint64_t part = (uint64_t)p;
    out.ns += steps[p] * redrawn(seed, name, part, t->ns, t->lo, t->hi);
    out.joules += steps[p] * redrawn(seed, name, JOULES + part, t->joules, t->joules - t->joules_error,
                                     t->joules + t->joules_error);
  }
  const struct quality_estimate *q = &o->quality;
  out.nats = q->figure ? redrawn(seed, q->figure->technique, NATS, q->nats, q->lo, q->hi) : q->nats;
  return out;
}

/* The parts are as wrong as the options that they are of. */
static struct drawn draw_mix(const struct space_slot *slot, const struct space_mix *mix, const struct drawn *options) {
  struct drawn out = {0};
  for (size_t p = 0; p < mix->n_parts; p++) {
    const struct space_part *part = &mix->parts[p];
    const double share = (double)part->layers / (double)mix->n_layers, nats = slot->options[part->option].quality.nats;
    out.ns += share * options[part->option].ns;
    out.joules += share * options[part->option].joules;
    out.nats += nats > 0 ? part->nats * options[part->option].nats / nats : part->nats;
  }
  return out;
}

static void draw_space(const struct space *space, uint64_t seed, struct draw *draw) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++) {
      const struct space_option *option = &space->slots[s].options[o];
      draw->of[s][o] = option->mix ? draw_mix(&space->slots[s], option->mix, draw->of[s])
                                    : draw_option(space, option, seed);
    }
}

/* `draws` of each setting; the techniques that settings share are redrawn alike in all. */
static void draw_candidate(const struct space *spaces, const struct draw *draws, const struct candidate *c,
                           struct prediction *out) {
  const uint8_t *choice = c->point->choice;
  const struct draw *draw = &draws[choice[CHOICE_SETTING]];
  const struct space *space = &spaces[choice[CHOICE_SETTING]];
  double joules = space->fixed[PHASE_PREFILL].joules + space->decode_steps * space->fixed[PHASE_DECODE].joules;
  out->memory = c->memory;
  out->request_ns = space->fixed[PHASE_PREFILL].ns + space->decode_steps * space->fixed[PHASE_DECODE].ns;
  out->quality_nats.value = 0;
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct drawn *o = &draw->of[s][choice[s]];
    out->request_ns += o->ns;
    out->quality_nats.value += o->nats;
    joules += o->joules;
  }
  out->token_joules.value = joules / space->tokens;
}

/* By the scale of this draw: by that of the estimates, where the errors are wider than the range of the times, a factor
 * of the score could fall to nothing and below. */
static void score_draw(const struct decision *d, const struct prediction *drawn, size_t n, double *score) {
  struct decision scaled = *d;
  choose_scale_open(&scaled);
  for (size_t k = 0; k < n; k++) choose_scale_add(&scaled, &drawn[k]);
  for (size_t k = 0; k < n; k++) score[k] = choose_score(&scaled, &drawn[k]);
}

static size_t collect(const struct space *spaces, const struct task *task, const struct front *front,
                      const struct decision *d, struct candidate *out) {
  size_t n = 0;
  for (size_t i = 0; i < front->n; i++) {
    const struct prediction p = choose_predict_point(spaces, task, &front->points[i]);
    if (!choose_within(&d->limits, &p)) continue;
    out[n++] = (struct candidate){&front->points[i], p.memory};
  }
  return n;
}

static size_t count_draws(size_t n) {
  const size_t most = n ? MOST_SCORES / n : 0;
  return most < LEAST_DRAWS ? LEAST_DRAWS : most > DRAWS ? DRAWS : most;
}

static size_t count_spaces(const struct front *front) {
  size_t n = 0;
  for (size_t i = 0; i < front->n; i++)
    if (front->points[i].choice[CHOICE_SETTING] >= n) n = front->points[i].choice[CHOICE_SETTING] + 1u;
  return n;
}

bool redraw_make(const struct space *spaces, const struct task *task, const struct front *front,
                 const struct decision *d, struct redraws *out, struct error *err) {
  const size_t n_spaces = count_spaces(front);
  *out = (struct redraws){0};
  struct candidate *candidates = calloc(front->n + 1, sizeof *candidates);
  struct draw *draws = malloc((n_spaces + 1) * sizeof *draws);
  struct prediction *drawn = calloc(front->n + 1, sizeof *drawn);
  size_t n = 0;
  if (candidates && draws && drawn) {
    n = collect(spaces, task, front, d, candidates);
    out->draws = count_draws(n);
    out->point = malloc((n + 1) * sizeof *out->point);
    out->score = malloc((n * out->draws + 1) * sizeof *out->score);
  }
  const bool ok = out->point && out->score;
  for (size_t i = 0; ok && i < out->draws; i++) {
    for (size_t k = 0; k < n_spaces; k++) draw_space(&spaces[k], rng_derive(SEED, i), &draws[k]);
    for (size_t k = 0; k < n; k++) draw_candidate(spaces, draws, &candidates[k], &drawn[k]);
    score_draw(d, drawn, n, &out->score[i * n]);
  }
  for (size_t k = 0; ok && k < n; k++) out->point[k] = (size_t)(candidates[k].point - front->points);
  out->n = n;
  free(candidates);
  free(draws);
  free(drawn);
  if (ok) return true;
  redraw_free(out);
  return error_set(err, ERROR_MEMORY, "out of memory for %zu configurations", front->n);
}

void redraw_free(struct redraws *r) {
  free(r->point);
  free(r->score);
  *r = (struct redraws){0};
}

size_t redraw_find(const struct redraws *r, size_t point) {
  size_t k = 0;
  while (k < r->n && r->point[k] != point) k++;
  return k;
}

double redraw_share(const struct redraws *r, size_t a, size_t b) {
  size_t not_worse = 0;
  for (size_t i = 0; i < r->draws; i++) not_worse += r->score[i * r->n + a] <= r->score[i * r->n + b];
  return (double)not_worse / (double)r->draws;
}
