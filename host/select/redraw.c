#include "redraw.h"

#include <math.h>
#include <stdlib.h>

#include "rng.h"

/* A thousand draws of 500 points take 3 ms; on longer fronts fewer draws take as long. */
enum { DRAWS = 1000, LEAST_DRAWS = 50, MOST_SCORES = 500000, SEED = 1 };

struct candidate { const struct front_point *point; double memory, joules; };

/* One draw: what every option takes of a request's time and loses of quality. */
struct draw { double ns[SLOT_COUNT][FRONT_OPTIONS], nats[SLOT_COUNT][FRONT_OPTIONS]; };

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

static void draw_option(const struct task *task, const struct space_option *o, uint64_t seed, double *ns, double *nats) {
  *ns = 0;
  for (int p = 0; p < PHASE_COUNT; p++) {
    const struct space_time *t = &o->time[p];
    const double tokens = p == PHASE_PREFILL ? 1 : (double)(task->output - 1);
    *ns += tokens * redrawn(seed, o->technique[p]->id, (uint64_t)p, t->ns, t->lo, t->hi);
  }
  const struct quality_estimate *q = &o->quality;
  *nats = q->figure ? redrawn(seed, q->figure->technique, PHASE_COUNT, q->nats, q->lo, q->hi) : q->nats;
}

static void draw_space(const struct space *space, const struct task *task, uint64_t seed, struct draw *draw) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++)
      draw_option(task, &space->slots[s].options[o], seed, &draw->ns[s][o], &draw->nats[s][o]);
}

/* `draws` of each setting; the techniques that settings share are redrawn alike in all. */
static double score_of(const struct decision *d, const struct space *spaces, const struct draw *draws, const struct candidate *c) {
  const uint8_t *choice = c->point->choice;
  const struct draw *draw = &draws[choice[CHOICE_SETTING]];
  const struct space *space = &spaces[choice[CHOICE_SETTING]];
  struct prediction p = {.memory = c->memory, .token_joules.value = c->joules};
  p.request_ns = space->fixed[PHASE_PREFILL].ns + space->decode_steps * space->fixed[PHASE_DECODE].ns;
  for (int s = 0; s < SLOT_COUNT; s++) {
    p.request_ns += draw->ns[s][choice[s]];
    p.quality_nats.value += draw->nats[s][choice[s]];
  }
  return choose_score(d, &p);
}

static size_t collect(const struct space *spaces, const struct task *task, const struct front *front,
                      const struct decision *d, struct candidate *out) {
  size_t n = 0;
  for (size_t i = 0; i < front->n; i++) {
    const struct prediction p = choose_predict_point(spaces, task, &front->points[i]);
    if (!choose_within(&d->limits, &p)) continue;
    out[n++] = (struct candidate){&front->points[i], p.memory, p.token_joules.value};
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

bool redraw_make(const struct space *spaces, const struct task *task, const struct front *front, const struct decision *d,
                 struct redraws *out, struct error *err) {
  const size_t n_spaces = count_spaces(front);
  *out = (struct redraws){0};
  struct candidate *candidates = calloc(front->n + 1, sizeof *candidates);
  struct draw *draws = malloc((n_spaces + 1) * sizeof *draws);
  size_t n = 0;
  if (candidates && draws) {
    n = collect(spaces, task, front, d, candidates);
    out->draws = count_draws(n);
    out->point = malloc((n + 1) * sizeof *out->point);
    out->score = malloc((n * out->draws + 1) * sizeof *out->score);
  }
  const bool ok = out->point && out->score;
  for (size_t i = 0; ok && i < out->draws; i++) {
    for (size_t k = 0; k < n_spaces; k++) draw_space(&spaces[k], task, rng_derive(SEED, i), &draws[k]);
    for (size_t k = 0; k < n; k++) out->score[i * n + k] = score_of(d, spaces, draws, &candidates[k]);
  }
  for (size_t k = 0; ok && k < n; k++) out->point[k] = (size_t)(candidates[k].point - front->points);
  out->n = n;
  free(candidates);
  free(draws);
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
