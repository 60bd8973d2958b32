/* The words of a recommendation: why each loser lost, and what the numbers rest on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "recommend.h"
#include "text.h"

const char *const verdict_names[VERDICT_COUNT] = {"over_limit", "dominated", "tie", "worse"};

/* "tpot +12 %, memory -3 %, quality loss +0.07 nats" of what differs. */
static void add_changes(struct text *t, const struct prediction *from, const struct prediction *to) {
  const size_t start = t->used;
  for (int o = 0; o < OBJECTIVE_COUNT; o++) {
    double a = prediction_objective(from, (enum objective)o), b = prediction_objective(to, (enum objective)o);
    if (a == b || isnan(a) || isnan(b)) continue;
    text_add(t, "%s%s ", t->used > start ? ", " : "", objective_names[o]);
    if (o == OBJECTIVE_QUALITY)
      text_add(t, "%+.2g nats", b - a);
    else
      text_add(t, "%+.1f %%", 100 * (b / a - 1));
  }
  if (t->used == start) text_add(t, "no difference");
}

static bool add_broken_limits(struct text *t, const struct limits *limits, const struct prediction *p) {
  bool broken = false;
  for (int o = 0; o < OBJECTIVE_COUNT; o++) {
    double value = prediction_objective(p, (enum objective)o);
    if (!isfinite(limits->at[o]) || value <= limits->at[o]) continue;
    char is[32], limit[32];
    objective_text((enum objective)o, value, is, sizeof is);
    objective_text((enum objective)o, limits->at[o], limit, sizeof limit);
    text_add(t, "%s%s %s is over %s", broken ? ", " : "", objective_names[o], is, limit);
    broken = true;
  }
  if (limits->watts > 0 && p->watts > limits->watts) {
    text_add(t, "%spower %.3g W is over %.3g W", broken ? ", " : "", p->watts, limits->watts);
    broken = true;
  }
  return broken;
}

static bool no_better_anywhere(const struct prediction *a, const struct prediction *b) {
  for (int o = 0; o < OBJECTIVE_COUNT; o++)
    if (prediction_objective(a, (enum objective)o) < prediction_objective(b, (enum objective)o)) return false;
  return true;
}

enum verdict recommend_judge(const struct recommendation *r, const struct front_point *other, char *why, size_t size) {
  struct text t = {why, size, 0};
  struct prediction p = choose_predict_point(r->outer.spaces, r->task, other);
  why[0] = '\0';
  if (add_broken_limits(&t, &r->decision.limits, &p)) return VERDICT_OVER_LIMIT;

  add_changes(&t, &r->predicted, &p);
  const bool energy = r->decision.preference == PREFER_ENERGY;
  const bool differs = energy ? p.token_joules.value != r->predicted.token_joules.value
                              : p.request_ns != r->predicted.request_ns;
  const struct front_point *mine = &r->outer.front.points[r->decision.point];
  const bool tie = differs && choose_points_tie(r->outer.spaces, r->task, other, mine, energy);
  if (tie) text_add(&t, "; the %s are within their interval", energy ? "energies" : "times");
  if (no_better_anywhere(&p, &r->predicted)) return VERDICT_DOMINATED;
  if (tie && energy) p.token_joules = r->predicted.token_joules;
  else if (tie) p.request_ns = r->predicted.request_ns;
  const double won = choose_score(&r->decision, &r->predicted), score = choose_score(&r->decision, &p);
  if (tie && score <= won) return VERDICT_TIE;
  if (r->decision.preference == PREFER_BALANCED)
    text_add(&t, "; score %.5g against %.5g%s", score, won, tie ? " with equal times" : "");
  return VERDICT_WORSE;
}

enum verdict recommend_verdict(const struct recommendation *r, int slot, size_t option, char *why, size_t size) {
  struct front_point other = r->outer.front.points[r->decision.point];
  other.choice[slot] = (uint8_t)option;
  return recommend_judge(r, &other, why, size);
}

static void add_time_evidence(struct text *t, const struct recommendation *r, const struct space_option *o,
                              enum phase phase) {
  const struct space_time *time = &o->time[phase];
  const char *name = phase == PHASE_PREFILL ? "ttft" : "tpot";
  char ns[32];
  objective_text(OBJECTIVE_TTFT, time->ns, ns, sizeof ns);
  text_add(t, "%s%s of %s", phase == PHASE_PREFILL ? "" : ", ", ns, name);
  if (time->extrapolated_ns > 0 && o->mix)
    text_add(t, " (%.0f %% extrapolated)", 100 * time->extrapolated_ns / time->ns);
  if (o->mix) return;   /* the errors are those of its formats, which have lines of their own */
  const struct cost_group *group =
      cost_find(r->cost, o->technique[phase]->id, phase == PHASE_DECODE ? REGIME_DECODE : REGIME_PREFILL);
  if (group && !isnan(group->error))
    text_add(t, " (leave-one-out error %.0f %% over %zu shapes)", 100 * group->error, group->n);
  else
    text_add(t, " (error unknown: one weight matrix or head layout only)");
  if (time->extrapolated_ns > 0) text_add(t, " (%.0f %% extrapolated)", 100 * time->extrapolated_ns / time->ns);
}

void recommend_evidence(const struct recommendation *r, int slot, char *out, size_t size) {
  const struct space_option *o = &r->space->slots[slot].options[r->choice[slot]];
  struct text t = {out, size, 0};
  if (r->model->experts && !o->mix && (slot == CLASS_FFN_UP || slot == CLASS_FFN_DOWN))
    text_add(&t, "%s and %s; ", o->technique[PHASE_PREFILL]->id, o->technique[PHASE_DECODE]->id);
  for (int p = 0; p < PHASE_COUNT; p++) add_time_evidence(&t, r, o, (enum phase)p);
  if (o->quality.baseline)
    text_add(&t, "; no quality loss by definition");
  else if (isnan(o->quality.nats))
    text_add(&t, "; quality unknown");
  else if (o->mix)
    text_add(&t, "; quality loss %.2g nats (%.2g to %.2g)", o->quality.nats, o->quality.lo, o->quality.hi);
  else
    text_add(&t, "; quality loss %.2g nats (%.2g to %.2g), %s %s", o->quality.nats, o->quality.lo, o->quality.hi,
        nearness_names[o->quality.nearness], o->quality.figure->technique);
}

/* Of the option, or of the parts of a mix. */
static const struct quality_estimate *estimate_at(const struct space_slot *slot, const struct space_option *o,
                                                  size_t i) {
  if (!o->mix) return i == 0 ? &o->quality : NULL;
  return i < o->mix->n_parts ? &slot->options[o->mix->parts[i].option].quality : NULL;
}

bool recommend_source(const struct space *space, const uint8_t choice[SLOT_COUNT], size_t index, char *out,
                      size_t size) {
  const struct quality_figure *seen[SLOT_COUNT * FRONT_OPTIONS];
  size_t n = 0;
  for (int s = 0; s < SLOT_COUNT; s++) {
    const struct space_slot *slot = &space->slots[s];
    const struct quality_estimate *q;
    for (size_t part = 0; (q = estimate_at(slot, &slot->options[choice[s]], part)); part++) {
      size_t i = 0;
      while (i < n && seen[i] != q->figure) i++;
      if (!q->figure || i < n) continue;
      if (n == index) {
        quality_text(q, out, size);
        return true;
      }
      seen[n++] = q->figure;
    }
  }
  return false;
}

static bool is_vague(const struct range *range) { return !(range->hi - range->lo <= range->value); }   /* a NAN too */

bool recommend_is_rough(const struct recommendation *r) {
  return r->predicted.extrapolated_share > 0.5 || is_vague(&r->predicted.ttft_ns) || is_vague(&r->predicted.tpot_ns);
}

void recommend_shares(const struct recommendation *r, enum phase phase, char *out, size_t size) {
  struct text t = {out, size, 0};
  const double all = phase == PHASE_PREFILL ? r->predicted.ttft_ns.value : r->predicted.tpot_ns.value;
  out[0] = '\0';
  for (int p = 0; p < PART_COUNT; p++) {
    const double ns = r->predicted.part_ns[phase][p];
    if (ns > 0) text_add(&t, "%s%s %.0f %%", t.used ? ", " : "", part_names[p], 100 * ns / all);
  }
}

void recommend_range_text(enum objective objective, const struct range *range, char *out, size_t size) {
  const char *sign = objective == OBJECTIVE_QUALITY ? "+" : "";
  char value[32], lo[32], hi[32];
  objective_text(objective, range->value, value, sizeof value);
  objective_text(objective, range->lo, lo, sizeof lo);
  objective_text(objective, range->hi, hi, sizeof hi);
  if (isnan(range->hi)) snprintf(out, size, "%s%s (error unknown)", sign, value);
  else snprintf(out, size, "%s%s (%s%s to %s%s)", sign, value, sign, lo, sign, hi);
}

bool recommend_uncosted(const struct recommendation *r, size_t index, char *out, size_t size) {
  const struct space *space = r->space;
  if (index > space->n_uncosted || space->n_uncosted == 0) return false;
  struct text t = {out, size, 0};
  if (index > 0) {
    text_add(&t, "not costed: %s: %s", space->uncosted[index - 1].name, space->uncosted[index - 1].reason);
    return true;
  }
  text_add(&t, "not costed, only the launches are: ");
  for (size_t i = 0; i < space->n_uncosted; i++) text_add(&t, "%s%s", i ? "; " : "", space->uncosted[i].name);
  text_add(&t, "; measure more with `vkpareto run --suite standard`");
  return true;
}

/* What the joules rest on, or why there are none. */
static void write_energy(const struct recommendation *r, char *out, size_t size) {
  const struct energy_fit *fit = &r->cost->energy;
  struct text t = {out, size, 0};
  out[0] = '\0';
  if (!r->cost->has_energy) {
    size_t n = 0;
    for (size_t i = 0; i < r->result->n_rows; i++) n += r->result->rows[i].energy.windows > 0;
    if (n == 0) text_add(&t, "energy is left out for all: the result has none");
    else text_add(&t, "energy is left out for all: the result has %zu rows with it, a model of the rest needs %d", n,
             ENERGY_MIN_POINTS);
  } else if (!r->space->energy_known) {
    text_add(&t, "energy is left out for all: that of some op is unknown");
  } else {
    text_add(&t, "energy: %.0f %% measured, the rest modelled as %.3g W and %.3g pJ a byte and %.3g pJ an operation, "
                 "from %zu rows", 100 * r->predicted.measured_share, fit->idle_watts, 1e12 * fit->joules_per_byte,
             1e12 * fit->joules_per_flop, fit->n);
    if (isnan(fit->error)) text_add(&t, " (error unknown: one shape only)");
    else text_add(&t, " (leave-one-out error %.0f %%)", 100 * fit->error);
  }
}

bool recommend_caveat(const struct recommendation *r, size_t index, char *out, size_t size) {
  if (recommend_uncosted(r, index, out, size)) return true;
  if (r->space->n_uncosted) index -= r->space->n_uncosted + 1;
  size_t adapter = 0;
  for (; recommend_adapter_caveat(r, adapter, out, size); adapter++)
    if (adapter == index) return true;
  index -= adapter;
  snprintf(out, size, "the time of an op includes its dispatch; added is one submission per pass through the layers");
  if (index-- == 0) return true;
  snprintf(out, size, "sampling is left out: engines choose the token on the host");
  if (index-- == 0) return true;
  write_energy(r, out, size);
  if (index-- == 0) return true;
  snprintf(out, size,
           "quality losses are published figures of whole models, shared out by weights and added; +-%.0f %%",
           100 * QUALITY_INTERVAL);
  if (index-- == 0) return true;
  if (r->sensitivities) {
    snprintf(out, size, "a layer in a format is taken to cost 1/%lld of what the class costs in it",
             (long long)r->model->layers);
    if (index-- == 0) return true;
  }
  for (size_t i = 0; i < OP_NOTES && r->space->work.notes[i][0]; i++) {
    snprintf(out, size, "%s", r->space->work.notes[i]);
    if (index-- == 0) return true;
  }
  if (!r->space->quality_known) {
    snprintf(out, size, "quality is left out for all: that of some offered technique is unknown");
    if (index-- == 0) return true;
  }
  if (!r->space->launches_known) {
    snprintf(out, size, "launches are not counted: the result has no dispatch_ns or submit_ns");
    if (index-- == 0) return true;
  }
  if (!isfinite(r->decision.limits.at[OBJECTIVE_MEMORY])) {
    snprintf(out, size, "no memory limit: the result does not tell the device's memory; --max-memory sets one");
    if (index-- == 0) return true;
  }
  return false;
}
