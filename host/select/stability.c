#include "stability.h"

#include <math.h>
#include <stdlib.h>

#include "rng.h"

/* A thousand draws of 2,000 points take 10 ms; on longer fronts fewer draws take as long. */
enum { MOST_SCORES = 2000000, LEAST_DRAWS = 50 };

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

/* The chosen configuration is the first. */
static size_t collect(const struct space *spaces, const struct task *task, const struct front *front, const struct decision *d,
                      struct candidate *out) {
  size_t n = 1;
  for (size_t i = 0; i < front->n; i++) {
    const struct prediction p = choose_predict_point(spaces, task, &front->points[i]);
    if (i != d->point && !choose_within(&d->limits, &p)) continue;
    out[i == d->point ? 0 : n++] = (struct candidate){&front->points[i], p.memory, p.token_joules.value};
  }
  return n;
}

static bool has_unknown_errors(const struct space *space) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++)
      for (int p = 0; p < PHASE_COUNT; p++)
        if (!isfinite(space->slots[s].options[o].time[p].hi)) return true;
  return false;
}

static size_t count_draws(size_t n) {
  const size_t most = MOST_SCORES / n;
  return most < LEAST_DRAWS ? LEAST_DRAWS : most > STABILITY_DRAWS ? STABILITY_DRAWS : most;
}

struct stability stability_of(const struct space *spaces, size_t n_spaces, const struct task *task, const struct front *front,
                              const struct decision *d, uint64_t seed) {
  struct stability out = {.best_share = NAN, .regret = NAN};
  for (size_t i = 0; i < n_spaces; i++) out.unknown_errors = out.unknown_errors || has_unknown_errors(&spaces[i]);
  struct candidate *candidates = calloc(front->n + 1, sizeof *candidates);
  struct draw *draws = malloc(n_spaces * sizeof *draws);
  const size_t n = candidates && draws ? collect(spaces, task, front, d, candidates) : 0;
  if (n > 0) {
    size_t stayed = 0;
    double regret = 0, best_sum = 0;
    out.draws = count_draws(n);
    for (size_t i = 0; i < out.draws; i++) {
      for (size_t k = 0; k < n_spaces; k++) draw_space(&spaces[k], task, rng_derive(seed, i), &draws[k]);
      const double mine = score_of(d, spaces, draws, &candidates[0]);
      double best = mine;
      for (size_t k = 1; k < n; k++) best = fmin(best, score_of(d, spaces, draws, &candidates[k]));
      stayed += best >= mine;
      regret += mine - best;
      best_sum += best;
    }
    out.best_share = (double)stayed / (double)out.draws;
    out.regret = best_sum > 0 ? regret / best_sum : 0;
  }
  free(candidates);
  free(draws);
  return out;
}
