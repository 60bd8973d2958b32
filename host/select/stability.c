#include "stability.h"

#include <math.h>
#include <stdlib.h>

#include "rng.h"

/* A thousand draws of 2,000 points take 10 ms; on longer fronts fewer draws take as long. */
enum { MOST_SCORES = 2000000, LEAST_DRAWS = 50 };

struct candidate { const uint8_t *choice; double memory, joules; };

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

static void draw_all(const struct space *space, const struct task *task, uint64_t seed, struct draw *draw) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++)
      draw_option(task, &space->slots[s].options[o], seed, &draw->ns[s][o], &draw->nats[s][o]);
}

static double score_of(const struct decision *d, const struct draw *draw, const struct candidate *c, double fixed_ns) {
  struct prediction p = {.request_ns = fixed_ns, .memory = c->memory, .token_joules.value = c->joules};
  for (int s = 0; s < SLOT_COUNT; s++) {
    p.request_ns += draw->ns[s][c->choice[s]];
    p.quality_nats.value += draw->nats[s][c->choice[s]];
  }
  return choose_score(d, &p);
}

/* The chosen configuration is the first. */
static size_t collect(const struct space *space, const struct task *task, const struct front *front, const struct decision *d,
                      struct candidate *out) {
  size_t n = 1;
  for (size_t i = 0; i < front->n; i++) {
    const struct prediction p = choose_predict(space, task, front->points[i].choice);
    if (i != d->point && !choose_within(&d->limits, &p)) continue;
    out[i == d->point ? 0 : n++] = (struct candidate){front->points[i].choice, p.memory, p.token_joules.value};
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

struct stability stability_of(const struct space *space, const struct task *task, const struct front *front,
                              const struct decision *d, uint64_t seed) {
  struct stability out = {.best_share = NAN, .regret = NAN, .unknown_errors = has_unknown_errors(space)};
  struct candidate *candidates = calloc(front->n + 1, sizeof *candidates);
  struct draw *draw = malloc(sizeof *draw);
  const size_t n = candidates && draw ? collect(space, task, front, d, candidates) : 0;
  if (n > 0) {
    const double fixed_ns = space->fixed[PHASE_PREFILL].ns + (double)(task->output - 1) * space->fixed[PHASE_DECODE].ns;
    size_t stayed = 0;
    double regret = 0, best_sum = 0;
    out.draws = MOST_SCORES / n < LEAST_DRAWS ? LEAST_DRAWS : MOST_SCORES / n > STABILITY_DRAWS ? STABILITY_DRAWS : MOST_SCORES / n;
    for (size_t i = 0; i < out.draws; i++) {
      draw_all(space, task, rng_derive(seed, i), draw);
      const double mine = score_of(d, draw, &candidates[0], fixed_ns);
      double best = mine;
      for (size_t k = 1; k < n; k++) best = fmin(best, score_of(d, draw, &candidates[k], fixed_ns));
      stayed += best >= mine;
      regret += mine - best;
      best_sum += best;
    }
    out.best_share = (double)stayed / (double)out.draws;
    out.regret = best_sum > 0 ? regret / best_sum : 0;
  }
  free(candidates);
  free(draw);
  return out;
}
