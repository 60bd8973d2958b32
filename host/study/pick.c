#include "pick.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

const char *const pick_stage_names[STAGE_COUNT] = {"weights", "kv", "attention", "all", "unknown"};

enum { MAX_FRONT = 100000 };   /* as for a recommendation */

double gain_mean(const struct gain *gain) {
  const double parts[] = {gain->time, gain->memory, gain->energy};
  double sum = 0;
  int n = 0;
  for (int i = 0; i < 3; i++)
    if (isfinite(parts[i]) && parts[i] > 0) {
      sum += log(parts[i]);
      n++;
    }
  return n > 0 ? exp(sum / n) : NAN;
}

struct gain gain_of(const struct prediction *base, const struct prediction *p) {
  struct gain gain = {base->request_ns / p->request_ns,
                      (base->memory + base->host_bytes) / (p->memory + p->host_bytes),
                      base->token_joules.value / p->token_joules.value, NAN};
  gain.mean = gain_mean(&gain);
  return gain;
}

/* ---- by name */

static bool find_option(const struct space *space, int slot, const char *name, uint8_t *found, struct error *err) {
  const struct space_slot *s = &space->slots[slot];
  for (size_t o = 0; o < s->n; o++)
    if (strcmp(s->options[o].name, name) == 0) {
      *found = (uint8_t)o;
      return true;
    }
  for (size_t r = 0; r < s->n_refused; r++)
    if (strcmp(s->refused[r].name, name) == 0)
      return error_set(err, ERROR_UNSUPPORTED, "%s of %s: %s", name, slot_names[slot], s->refused[r].reason);
  return error_set(err, ERROR_UNSUPPORTED, "%s of %s cannot be costed from this result", name, slot_names[slot]);
}

static bool pick_named(const struct space *space, const char *const format[CLASS_COUNT], const char *attention,
                       uint8_t choice[SLOT_COUNT], struct error *err) {
  for (int c = 0; c < CLASS_COUNT; c++)
    if (!find_option(space, c, format[c], &choice[c], err)) return false;
  return find_option(space, SLOT_ATTENTION, attention, &choice[SLOT_ATTENTION], err);
}

bool pick_weights(const struct space *space, const char *const format[CLASS_COUNT], uint8_t choice[SLOT_COUNT],
                  struct error *err) {
  return pick_named(space, format, "flash f16", choice, err);
}

bool pick_plain(const struct space *space, const char *algorithm, uint8_t choice[SLOT_COUNT], struct error *err) {
  static const char *const f16[CLASS_COUNT] = {"f16", "f16", "f16", "f16", "f16"};
  char attention[64];
  snprintf(attention, sizeof attention, "%s f16", algorithm);
  return pick_named(space, f16, attention, choice, err);
}

/* ---- the best */

static bool is_allowed(enum pick_stage stage, int slot, const struct space_option *option) {
  const bool attention = slot == SLOT_ATTENTION;
  if (stage != STAGE_UNKNOWN && isnan(option->quality.nats)) return false;
  switch (stage) {
    case STAGE_WEIGHTS: return !attention || strcmp(option->name, "flash f16") == 0;
    case STAGE_KV: return attention ? strncmp(option->name, "flash ", 6) == 0 : strcmp(option->name, "f16") == 0;
    case STAGE_ATTENTION: return strcmp(attention ? option->kv : option->name, "f16") == 0;
    default: return true;
  }
}

/* Coordinates: what the objectives are made of, in shares of the base so that no model is too large for integers. What
 * can lie in the host's memory counts apart from what cannot. */
enum { AXIS_TIME, AXIS_RESIDENT, AXIS_MOVABLE, AXIS_ENERGY, AXIS_QUALITY, AXIS_SCRATCH, AXES };
static const double SHARE = 1e-12;   /* of the base: one step; far below what any time is known to */

static int64_t steps(double value, double unit) { return llround(fmin(fmax(value / unit, 0), 1e15)); }

static double of_request(const struct space *space, double prefill, double decode) {
  return prefill + space->decode_steps * decode;
}

struct search {
  const struct space *space;
  const struct task *task;
  const struct prediction *base;
  enum pick_stage stage;
  const struct pick_limits *limits;
  const struct pick_host *host;      /* NULL: everything lies on the device */
};

struct pick_space {
  struct front_cost cost[SLOT_COUNT][FRONT_OPTIONS];
  uint8_t option[SLOT_COUNT][FRONT_OPTIONS];
  struct front_slot slots[SLOT_COUNT];
  struct front_cost base;
};

static struct front_cost cost_of(const struct search *s, const struct space_time time[PHASE_COUNT], double resident,
                                 double movable, double scratch, double nats) {
  const struct space *space = s->space;
  const double joules = s->base->token_joules.value * space->tokens, memory = s->base->memory;
  const bool energy = space->energy_known && joules > 0;
  const double mine = of_request(space, time[PHASE_PREFILL].joules, time[PHASE_DECODE].joules);
  return (struct front_cost){{
    [AXIS_TIME] = steps(of_request(space, time[PHASE_PREFILL].ns, time[PHASE_DECODE].ns), SHARE * s->base->request_ns),
    [AXIS_RESIDENT] = steps(resident, SHARE * memory),
    [AXIS_MOVABLE] = steps(movable, SHARE * memory),
    [AXIS_ENERGY] = energy ? steps(mine, SHARE * joules) : 0,
    [AXIS_QUALITY] = steps(nats, QUALITY_UNIT),
    [AXIS_SCRATCH] = steps(scratch, SHARE * memory),
  }};
}

static struct pick_layer layer_of(const struct search *s, int slot, size_t option) {
  return s->host && slot < CLASS_COUNT ? s->host->option[slot][option] : (struct pick_layer){0};
}

/* What the losses of all slots but one come to at the least; a published figure may be a gain. */
static double least_loss(const struct search *s, int but) {
  double sum = 0;
  for (int k = 0; k < SLOT_COUNT; k++) {
    double least = 0;
    for (size_t o = 0; k != but && o < s->space->slots[k].n; o++)
      least = fmin(least, s->space->slots[k].options[o].quality.nats);   /* passes over NAN */
    sum += least;
  }
  return sum;
}

/* Over the limit on quality whatever else is chosen: left out before the front is made, which is then smaller. */
static bool is_too_lossy(const struct search *s, int slot, const struct space_option *option) {
  return s->stage != STAGE_UNKNOWN && option->quality.nats + least_loss(s, slot) > s->limits->quality_nats;
}

static bool fill(const struct search *s, struct pick_space *out, struct error *err) {
  const struct space *space = s->space;
  out->base = cost_of(s, space->fixed, space->fixed_bytes + space->activation_bytes, 0, space->fixed_scratch_bytes, 0);
  for (int k = 0; k < SLOT_COUNT; k++) {
    size_t n = 0;
    for (size_t o = 0; o < space->slots[k].n; o++) {
      const struct space_option *option = &space->slots[k].options[o];
      if (!is_allowed(s->stage, k, option) || is_too_lossy(s, k, option)) continue;
      if (n == FRONT_OPTIONS)
        return error_set(err, ERROR_UNSUPPORTED, "over %d options for %s", FRONT_OPTIONS, slot_names[k]);
      const double movable = s->host ? layer_of(s, k, o).bytes * (double)s->host->layers : 0;
      out->cost[k][n] = cost_of(s, option->time, option->weight_bytes + option->kv_bytes - movable, movable,
                                option->scratch_bytes, s->stage == STAGE_UNKNOWN ? 0 : option->quality.nats);
      out->option[k][n++] = (uint8_t)o;
    }
    out->slots[k] = (struct front_slot){out->cost[k], n};
  }
  return true;
}

/* Moves as few layers as fit, at least one; all of them where not even that is enough. One layer's room stays. */
static int64_t move(const struct search *s, const uint8_t choice[SLOT_COUNT], struct prediction *p) {
  struct pick_layer sum = s->host->fixed;
  for (int k = 0; k < CLASS_COUNT; k++) {
    const struct pick_layer layer = layer_of(s, k, choice[k]);
    sum.bytes += layer.bytes;
    sum.ns += layer.ns;
    sum.joules += layer.joules;
  }
  const double all = (double)s->host->layers, over = (p->memory - s->limits->memory) / sum.bytes;
  const double n = fmin(fmax(1 + ceil(over), 1), all);
  p->memory -= (n - 1) * sum.bytes;
  p->host_bytes += n * sum.bytes;
  p->request_ns += n * sum.ns;
  p->token_joules.value += n * sum.joules / s->space->tokens;
  return (int64_t)n;
}

struct least { double device, both; };   /* bytes; INFINITY: nothing is within the limit on quality */

static bool fail_infeasible(const struct search *s, const struct least *least, struct error *err) {
  char needs[32], has[32];
  const bool both = s->host && least->device <= s->limits->memory;
  text_bytes(both ? least->both : least->device, needs, sizeof needs);
  text_bytes(s->limits->memory + (both ? s->host->room : 0), has, sizeof has);
  if (!isfinite(least->device))
    return error_set(err, ERROR_INFEASIBLE, "no configuration of this stage is within the limit on quality");
  if (both)
    return error_set(err, ERROR_INFEASIBLE, "with weights in the host's memory, within the limit on quality, both hold %s at "
                                            "least, and have %s", needs, has);
  return error_set(err, ERROR_INFEASIBLE, "%swithin the limit on quality the least memory is %s, the device has %s",
                   s->host ? "with weights in the host's memory, " : "", needs, has);
}

static void judge(const struct search *s, const uint8_t choice[SLOT_COUNT], struct least *least, struct pick *best) {
  struct prediction p = choose_predict(s->space, s->task, choice);
  if (s->stage != STAGE_UNKNOWN && !(p.quality_nats.value <= s->limits->quality_nats)) return;
  const int64_t layers = s->host ? move(s, choice, &p) : 0;
  const double mean = gain_of(s->base, &p).mean;
  least->device = fmin(least->device, p.memory);
  least->both = fmin(least->both, p.memory + p.host_bytes);
  if (p.memory > s->limits->memory || (s->host && p.host_bytes > s->host->room) || !(mean > best->mean)) return;
  *best = (struct pick){.layers = layers, .mean = mean};
  memcpy(best->choice, choice, sizeof best->choice);
}

bool pick_best(const struct space *space, const struct task *task, const struct prediction *base, enum pick_stage stage,
               const struct pick_limits *limits, const struct pick_host *host, struct pick *out, struct error *err) {
  const struct front_algebra algebra = {AXES, AXIS_SCRATCH};
  const struct search search = {space, task, base, stage, limits, host};
  struct pick_space list;
  struct front front = {0};
  if (!fill(&search, &list, err) || !front_build(&algebra, &list.base, list.slots, SLOT_COUNT, MAX_FRONT, &front, err))
    return false;
  struct least least = {INFINITY, INFINITY};
  *out = (struct pick){0};
  for (size_t i = 0; i < front.n; i++) {
    uint8_t here[SLOT_COUNT];
    for (int s = 0; s < SLOT_COUNT; s++) here[s] = list.option[s][front.points[i].choice[s]];
    judge(&search, here, &least, out);
  }
  front_free(&front);
  return out->mean > 0 || fail_infeasible(&search, &least, err);
}
