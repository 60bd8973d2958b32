#include "pick.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

const char *const pick_stage_names[STAGE_COUNT] = {"weights", "kv", "attention", "all", "unknown"};

enum { MAX_FRONT = 100000 };   /* as for a recommendation */

struct gain gain_of(const struct prediction *base, const struct prediction *p) {
  struct gain gain = {base->request_ns / p->request_ns, base->memory / p->memory,
                      base->token_joules.value / p->token_joules.value, NAN};
  const double parts[] = {gain.time, gain.memory, gain.energy};
  double sum = 0;
  int n = 0;
  for (int i = 0; i < 3; i++)
    if (isfinite(parts[i]) && parts[i] > 0) {
      sum += log(parts[i]);
      n++;
    }
  if (n > 0) gain.mean = exp(sum / n);
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

/* Coordinates: what the objectives are made of, in shares of the base so that no model is too large for integers. */
enum { AXIS_TIME, AXIS_RESIDENT, AXIS_ENERGY, AXIS_QUALITY, AXIS_SCRATCH, AXES };
static const double SHARE = 1e-12;   /* of the base: one step; far below what any time is known to */

static int64_t steps(double value, double unit) { return llround(fmin(fmax(value / unit, 0), 1e15)); }

static double of_request(const struct space *space, double prefill, double decode) {
  return prefill + space->decode_steps * decode;
}

struct pick_space {
  struct front_cost cost[SLOT_COUNT][FRONT_OPTIONS];
  uint8_t option[SLOT_COUNT][FRONT_OPTIONS];
  struct front_slot slots[SLOT_COUNT];
  struct front_cost base;
};

static struct front_cost cost_of(const struct space *space, const struct space_time time[PHASE_COUNT],
                                 const struct prediction *base, double resident, double scratch, double nats) {
  const double joules = base->token_joules.value * space->tokens;
  const bool energy = space->energy_known && joules > 0;
  const double mine = of_request(space, time[PHASE_PREFILL].joules, time[PHASE_DECODE].joules);
  return (struct front_cost){{
    [AXIS_TIME] = steps(of_request(space, time[PHASE_PREFILL].ns, time[PHASE_DECODE].ns), SHARE * base->request_ns),
    [AXIS_RESIDENT] = steps(resident, SHARE * base->memory),
    [AXIS_ENERGY] = energy ? steps(mine, SHARE * joules) : 0,
    [AXIS_QUALITY] = steps(nats, QUALITY_UNIT),
    [AXIS_SCRATCH] = steps(scratch, SHARE * base->memory),
  }};
}

static bool fill(const struct space *space, const struct prediction *base, enum pick_stage stage,
                 struct pick_space *out, struct error *err) {
  out->base = cost_of(space, space->fixed, base, space->fixed_bytes + space->activation_bytes,
                      space->fixed_scratch_bytes, 0);
  for (int s = 0; s < SLOT_COUNT; s++) {
    size_t n = 0;
    for (size_t o = 0; o < space->slots[s].n; o++) {
      const struct space_option *option = &space->slots[s].options[o];
      if (!is_allowed(stage, s, option)) continue;
      if (n == FRONT_OPTIONS)
        return error_set(err, ERROR_UNSUPPORTED, "over %d options for %s", FRONT_OPTIONS, slot_names[s]);
      out->cost[s][n] = cost_of(space, option->time, base, option->weight_bytes + option->kv_bytes,
                                option->scratch_bytes, stage == STAGE_UNKNOWN ? 0 : option->quality.nats);
      out->option[s][n++] = (uint8_t)o;
    }
    out->slots[s] = (struct front_slot){out->cost[s], n};
  }
  return true;
}

static bool fail_infeasible(double least, double limit, struct error *err) {
  char needs[32], has[32];
  text_bytes(least, needs, sizeof needs);
  text_bytes(limit, has, sizeof has);
  if (!isfinite(least))
    return error_set(err, ERROR_INFEASIBLE, "no configuration of this stage is within the limit on quality");
  return error_set(err, ERROR_INFEASIBLE, "within the limit on quality the least memory is %s, the device has %s",
                   needs, has);
}

bool pick_best(const struct space *space, const struct task *task, const uint8_t base[SLOT_COUNT],
               enum pick_stage stage, const struct pick_limits *limits, uint8_t choice[SLOT_COUNT], struct error *err) {
  const struct front_algebra algebra = {AXES, AXIS_SCRATCH};
  const struct prediction plain = choose_predict(space, task, base);
  struct pick_space list;
  struct front front = {0};
  if (!fill(space, &plain, stage, &list, err)
      || !front_build(&algebra, &list.base, list.slots, SLOT_COUNT, MAX_FRONT, &front, err))
    return false;

  double best = 0, least = INFINITY;
  for (size_t i = 0; i < front.n; i++) {
    uint8_t here[SLOT_COUNT];
    for (int s = 0; s < SLOT_COUNT; s++) here[s] = list.option[s][front.points[i].choice[s]];
    const struct prediction p = choose_predict(space, task, here);
    const double mean = gain_of(&plain, &p).mean;
    const bool lossy = stage != STAGE_UNKNOWN && !(p.quality_nats.value <= limits->quality_nats);
    if (lossy) continue;
    least = fmin(least, p.memory);
    if (p.memory > limits->memory || !(mean > best)) continue;
    best = mean;
    memcpy(choice, here, sizeof here);
  }
  front_free(&front);
  return best > 0 || fail_infeasible(least, limits->memory, err);
}
