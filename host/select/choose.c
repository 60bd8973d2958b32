#include "choose.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "infeasible.h"
#include "redraw.h"
#include "text.h"

/* No one can read such a front; with 5 formats and times off by 30 % at random, models have 800 to 1,800 points. */
enum { MAX_FRONT = 100000 };

const char *const objective_names[OBJECTIVE_COUNT] = {"ttft", "tpot", "memory", "quality loss", "energy"};
const char *const preference_names[PREFERENCE_COUNT] = {"balanced", "latency", "memory", "energy", "quality"};
const char *const preference_rules[PREFERENCE_COUNT] = {
  "the product of 1 + (x - best) / (worst - best) over request time, memory, quality loss and energy, what is known "
  "of them, best and worst of the feasible front",
  "request time: ttft + (output - 1) tpot",
  "memory: weights, KV cache, scratch and activations",
  "energy per token",
  "quality loss in nats per token",
};

/* ---- prediction of one configuration */

static void add_times(struct prediction *p, double extrapolated[PHASE_COUNT],
                      const struct space_time time[PHASE_COUNT]) {
  for (int phase = 0; phase < PHASE_COUNT; phase++) {
    struct range *sum = phase == PHASE_PREFILL ? &p->ttft_ns : &p->tpot_ns;
    sum->value += time[phase].ns;
    sum->lo += time[phase].lo;
    sum->hi += time[phase].hi;
    extrapolated[phase] += time[phase].extrapolated_ns;
    for (int part = 0; part < PART_COUNT; part++) p->part_ns[phase][part] += time[phase].part_ns[part];
  }
}

/* Joules of a request, summed in the prediction; finish_energy makes them joules per token. */
static void add_joules(struct prediction *p, const struct space *space, const struct space_time time[PHASE_COUNT]) {
  const double steps[PHASE_COUNT] = {[PHASE_PREFILL] = 1, [PHASE_DECODE] = space->decode_steps};
  for (int phase = 0; phase < PHASE_COUNT; phase++) {
    p->token_joules.value += steps[phase] * time[phase].joules;
    p->token_joules.lo += steps[phase] * (time[phase].joules - time[phase].joules_error);
    p->token_joules.hi += steps[phase] * (time[phase].joules + time[phase].joules_error);
    p->measured_share += steps[phase] * time[phase].measured_joules;
  }
}

static void finish_energy(struct prediction *p, const struct space *space) {
  const double joules = p->token_joules.value;
  if (!space->energy_known) {
    p->token_joules = (struct range){NAN, NAN, NAN};
    p->watts = p->measured_share = NAN;
    return;
  }
  p->watts = joules / (1e-9 * p->request_ns);
  p->measured_share /= joules;
  p->token_joules = (struct range){joules / space->tokens, fmax(0, p->token_joules.lo) / space->tokens,
                                   p->token_joules.hi / space->tokens};
}

static double request_time(const struct task *task, double ttft, double tpot) {
  return ttft + (double)(task->output - 1) * tpot;
}

struct prediction choose_predict(const struct space *space, const struct task *task, const uint8_t choice[SLOT_COUNT]) {
  struct prediction p = {.activation_bytes = space->activation_bytes, .other_bytes = space->fixed_bytes,
                         .scratch_bytes = space->fixed_scratch_bytes};
  double extrapolated[PHASE_COUNT] = {0};
  add_times(&p, extrapolated, space->fixed);
  add_joules(&p, space, space->fixed);
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct space_option *o = &space->slots[s].options[choice[s]];
    add_times(&p, extrapolated, o->time);
    add_joules(&p, space, o->time);
    p.weight_bytes += o->weight_bytes;
    p.kv_bytes += o->kv_bytes;
    p.host_bytes += o->host_bytes;
    p.scratch_bytes = fmax(p.scratch_bytes, o->scratch_bytes);
    p.quality_nats.value += o->quality.nats;
    p.quality_nats.lo += o->quality.lo;
    p.quality_nats.hi += o->quality.hi;
  }
  p.memory = p.weight_bytes + p.kv_bytes + p.scratch_bytes + p.activation_bytes + p.other_bytes;
  p.request_ns = request_time(task, p.ttft_ns.value, p.tpot_ns.value);
  p.extrapolated_share = request_time(task, extrapolated[PHASE_PREFILL], extrapolated[PHASE_DECODE]) / p.request_ns;
  finish_energy(&p, space);
  return p;
}

struct prediction choose_predict_point(const struct space *spaces, const struct task *task,
                                       const struct front_point *point) {
  return choose_predict(&spaces[point->choice[CHOICE_SETTING]], task, point->choice);
}

double prediction_objective(const struct prediction *p, enum objective objective) {
  switch (objective) {
    case OBJECTIVE_TTFT: return p->ttft_ns.value;
    case OBJECTIVE_TPOT: return p->tpot_ns.value;
    case OBJECTIVE_MEMORY: return p->memory;
    case OBJECTIVE_ENERGY: return p->token_joules.value;
    default: return p->quality_nats.value;
  }
}

bool choose_within(const struct limits *limits, const struct prediction *p) {
  for (int o = 0; o < OBJECTIVE_COUNT; o++)
    if (isfinite(limits->at[o]) && !(prediction_objective(p, (enum objective)o) <= limits->at[o])) return false;
  return limits->watts <= 0 || p->watts <= limits->watts;
}

void objective_text(enum objective objective, double value, char *out, size_t size) {
  if (objective == OBJECTIVE_MEMORY)
    text_bytes(value, out, size);
  else if (objective == OBJECTIVE_QUALITY)
    snprintf(out, size, "%.2f %%", 100 * expm1(value));
  else if (objective == OBJECTIVE_ENERGY)
    snprintf(out, size, "%.3g J", value);
  else
    text_duration(value, out, size);
}

/* ---- the front over the objectives */

/* Costs of slots are bounded, the steps of a request are not. */
static int64_t request_energy(const struct space *space, const struct front_cost *c) {
  const double decode = space->decode_steps * (double)c->at[COORD_DECODE_ENERGY];
  return llround(fmin((double)c->at[COORD_PREFILL_ENERGY] + decode, 9e18));
}

void choose_objectives(const struct space *space, struct front *front) {
  for (size_t i = 0; i < front->n; i++) {
    const struct front_cost c = front->points[i].cost;
    front->points[i].cost = (struct front_cost){{
      [OBJECTIVE_TTFT] = c.at[COORD_TTFT],
      [OBJECTIVE_TPOT] = c.at[COORD_TPOT],
      [OBJECTIVE_MEMORY] = c.at[COORD_RESIDENT] + c.at[COORD_SCRATCH],
      [OBJECTIVE_QUALITY] = c.at[COORD_QUALITY],
      [OBJECTIVE_ENERGY] = request_energy(space, &c),
    }};
  }
}

bool choose_front(const struct space *space, struct front *front, struct error *err) {
  const struct front_algebra additive = {COORD_COUNT, COORD_SCRATCH}, objectives = {OBJECTIVE_COUNT, OBJECTIVE_COUNT};
  struct front_cost options[SLOT_COUNT][FRONT_OPTIONS];
  struct front_slot slots[SLOT_COUNT];
  for (int s = 0; s < SLOT_COUNT; s++) {
    slots[s] = (struct front_slot){options[s], space->slots[s].n - space->slots[s].n_mixed};
    if (slots[s].n > FRONT_OPTIONS)
      return error_set(err, ERROR_UNSUPPORTED, "%zu options for %s", slots[s].n, slot_names[s]);
    for (size_t o = 0; o < slots[s].n; o++) options[s][o] = space->slots[s].options[o].cost;
  }
  if (!front_build(&additive, &space->base, slots, SLOT_COUNT, MAX_FRONT, front, err)) return false;
  choose_objectives(space, front);
  if (front_prune(&objectives, front, err)) return true;
  front_free(front);
  return false;
}

/* ---- score */

/* What `balanced` weighs. An unknown quality must not count as none lost beside known losses. */
static void balanced_terms(const struct decision *d, const struct prediction *p, double out[BALANCED]) {
  out[0] = p->request_ns;
  out[1] = p->memory;
  out[2] = d->quality_known ? p->quality_nats.value : 0;
  out[3] = d->energy_known ? p->token_joules.value : 0;
}

void choose_scale_open(struct decision *d) {
  for (int i = 0; i < BALANCED; i++) {
    d->best[i] = INFINITY;
    d->worst[i] = -INFINITY;
  }
}

void choose_scale_add(struct decision *d, const struct prediction *p) {
  double x[BALANCED];
  balanced_terms(d, p, x);
  for (int i = 0; i < BALANCED; i++) {
    d->best[i] = fmin(d->best[i], x[i]);
    d->worst[i] = fmax(d->worst[i], x[i]);
  }
}

double choose_score(const struct decision *d, const struct prediction *p) {
  switch (d->preference) {
    case PREFER_LATENCY: return p->request_ns;
    case PREFER_MEMORY: return p->memory;
    case PREFER_QUALITY: return p->quality_nats.value;
    case PREFER_ENERGY: return p->token_joules.value;
    default: break;
  }
  double x[BALANCED], score = 1;
  balanced_terms(d, p, x);
  for (int i = 0; i < BALANCED; i++)
    if (d->worst[i] > d->best[i]) score *= 1 + (x[i] - d->best[i]) / (d->worst[i] - d->best[i]);
  return score;
}

/* Phase by phase, so that an unknown error in one leaves the other its half width. */
static bool times_tie(const struct task *task, const struct space_time a[PHASE_COUNT],
                      const struct space_time b[PHASE_COUNT]) {
  double apart[PHASE_COUNT] = {0}, half_a[PHASE_COUNT] = {0}, half_b[PHASE_COUNT] = {0};
  for (int p = 0; p < PHASE_COUNT; p++) {
    if (p == PHASE_DECODE && task->output == 1) continue;   /* the prefill gives the only token */
    const double half_x = (a[p].hi - a[p].lo) / 2, half_y = (b[p].hi - b[p].lo) / 2;
    if (!isfinite(half_x) || !isfinite(half_y)) {
      if (a[p].ns != b[p].ns) return false;
      continue;
    }
    apart[p] = a[p].ns - b[p].ns;
    half_a[p] = half_x;
    half_b[p] = half_y;
  }
  return fabs(request_time(task, apart[PHASE_PREFILL], apart[PHASE_DECODE]))
      <= hypot(request_time(task, half_a[PHASE_PREFILL], half_a[PHASE_DECODE]),
               request_time(task, half_b[PHASE_PREFILL], half_b[PHASE_DECODE]));
}

/* In place of the times, so that one rule tells both kinds of tie. */
static struct space_time energy_as_time(const struct space_time *time) {
  return (struct space_time){.ns = time->joules, .lo = time->joules - time->joules_error,
                             .hi = time->joules + time->joules_error};
}

static bool energies_tie(const struct task *task, const struct space_time a[PHASE_COUNT],
                         const struct space_time b[PHASE_COUNT]) {
  const struct space_time x[PHASE_COUNT] = {energy_as_time(&a[0]), energy_as_time(&a[1])};
  const struct space_time y[PHASE_COUNT] = {energy_as_time(&b[0]), energy_as_time(&b[1])};
  return times_tie(task, x, y);
}

static bool slots_tie(const struct space *x, const uint8_t *a, const struct space *y, const uint8_t *b,
                      const struct task *task, bool energy) {
  bool (*const tie)(const struct task *, const struct space_time *, const struct space_time *) =
      energy ? energies_tie : times_tie;
  if (x != y && !tie(task, x->fixed, y->fixed)) return false;
  for (int s = 0; s < SLOT_COUNT; s++)
    if (!tie(task, x->slots[s].options[a[s]].time, y->slots[s].options[b[s]].time)) return false;
  return true;
}

bool choose_times_tie(const struct space *space, const struct task *task, const uint8_t a[SLOT_COUNT],
                      const uint8_t b[SLOT_COUNT]) {
  return slots_tie(space, a, space, b, task, false);
}

bool choose_points_tie(const struct space *spaces, const struct task *task, const struct front_point *a,
                       const struct front_point *b, bool energy) {
  return slots_tie(&spaces[a->choice[CHOICE_SETTING]], a->choice, &spaces[b->choice[CHOICE_SETTING]], b->choice, task,
                   energy);
}

/* ---- simplicity: the setting first, then different techniques, then their places in the rooms' tables */

struct simplicity { size_t departs, kinds, ranks; };

struct seen { const struct technique *at[SLOT_COUNT * FRONT_OPTIONS * PHASE_COUNT]; size_t n; };

static void see(struct seen *seen, const struct space_option *o) {
  for (int p = 0; p < PHASE_COUNT; p++) {
    size_t k = 0;
    while (k < seen->n && seen->at[k] != o->technique[p]) k++;
    if (k == seen->n) seen->at[seen->n++] = o->technique[p];
  }
}

static struct simplicity simplicity_of(const struct space *spaces, const uint8_t *choice) {
  const struct space *space = &spaces[choice[CHOICE_SETTING]];
  struct simplicity out = {.departs = setting_departs(&space->setting)};
  struct seen seen;
  seen.n = 0;
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct space_slot *slot = &space->slots[s];
    const struct space_option *o = &slot->options[choice[s]];
    out.ranks += o->rank;
    see(&seen, o);
    for (size_t p = 1; o->mix && p < o->mix->n_parts; p++) see(&seen, &slot->options[o->mix->parts[p].option]);
  }
  out.kinds = seen.n;
  return out;
}

static int compare_simplicity(struct simplicity a, struct simplicity b) {
  if (a.departs != b.departs) return a.departs < b.departs ? -1 : 1;
  if (a.kinds != b.kinds) return a.kinds < b.kinds ? -1 : 1;
  return a.ranks == b.ranks ? 0 : a.ranks < b.ranks ? -1 : 1;
}

/* ---- decision */

static void find_scale(const struct space *spaces, const struct task *task, const struct front *front,
                       struct decision *d) {
  choose_scale_open(d);
  for (size_t i = 0; i < front->n; i++) {
    struct prediction p = choose_predict_point(spaces, task, &front->points[i]);
    if (!choose_within(&d->limits, &p)) continue;
    d->n_feasible++;
    choose_scale_add(d, &p);
  }
}

static void find_first(const struct space *spaces, const struct task *task, const struct front *front,
                       struct decision *d) {
  double best = INFINITY;
  for (size_t i = 0; i < front->n; i++) {
    struct prediction p = choose_predict_point(spaces, task, &front->points[i]);
    if (!choose_within(&d->limits, &p) || choose_score(d, &p) >= best) continue;
    best = choose_score(d, &p);
    d->first = i;
  }
}

static void find_winner(const struct space *spaces, const struct task *task, const struct front *front,
                        const struct redraws *redraws, struct decision *d) {
  const struct prediction of_first = choose_predict_point(spaces, task, &front->points[d->first]);
  const size_t first = redraw_find(redraws, d->first);
  struct simplicity simplest = {0};
  double best = INFINITY, best_ns = INFINITY;
  for (size_t k = 0; k < redraws->n; k++) {
    const struct front_point *point = &front->points[redraws->point[k]];
    if (k != first && redraw_share(redraws, k, first) < CHOOSE_TIE) continue;
    struct prediction p = choose_predict_point(spaces, task, point);
    const double ns = p.request_ns;
    p.request_ns = of_first.request_ns;
    p.token_joules = of_first.token_joules;
    const double score = choose_score(d, &p);
    const struct simplicity here = simplicity_of(spaces, point->choice);
    const int order = score < best ? -1 : score > best ? 1 : compare_simplicity(here, simplest);
    if (order > 0 || (order == 0 && ns >= best_ns)) continue;
    best = score;
    best_ns = ns;
    simplest = here;
    d->point = redraws->point[k];
  }
}

bool choose_decide(const struct space *spaces, const struct task *task, const struct front *front,
                   const struct limits *limits, enum preference preference, struct decision *d, struct redraws *redraws,
                   struct error *err) {
  *d = (struct decision){.limits = *limits, .preference = preference, .quality_known = spaces->quality_known,
                          .energy_known = spaces->energy_known};
  if (preference == PREFER_ENERGY && !spaces->energy_known)
    return error_set(err, ERROR_INPUT,
                     "--prefer energy: the result has no energy, or too little to model the rest; prefer "
                     "latency instead");
  if (preference == PREFER_QUALITY && !spaces->quality_known)
    return error_set(err, ERROR_USAGE, "--prefer quality needs known quality; leave --allow-unknown-quality out");
  if (limits->watts > 0 && !spaces->energy_known)
    return error_set(err, ERROR_INPUT,
                     "--max-power cannot be kept: the result has no energy, or too little to model the "
                     "rest; leave it out");
  find_scale(spaces, task, front, d);
  if (d->n_feasible == 0) return infeasible_explain(spaces, task, front, limits, err);
  find_first(spaces, task, front, d);
  struct redraws own;
  if (!redraw_make(spaces, task, front, d, &own, err)) return false;
  find_winner(spaces, task, front, &own, d);
  if (redraws) *redraws = own;
  else redraw_free(&own);
  return true;
}
