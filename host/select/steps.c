#include "steps.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

const char *const gain_names[GAIN_COUNT] = {"less memory", "faster", "better quality", "less energy"};

/* What is worth a line: less nobody would act on. Of quality a larger share, since most of a loss is one decision's. */
static const double worth[GAIN_COUNT] = {0.02, 0.02, 0.25, 0.02};

/* ---- steps between two points that differ in one decision */

static const struct space *space_of(const struct recommendation *r, const struct front_point *point) {
  return &r->outer.spaces[point->choice[CHOICE_SETTING]];
}

static const struct space_option *option_of(const struct recommendation *r, const struct front_point *p, int slot) {
  return &space_of(r, p)->slots[slot].options[p->choice[slot]];
}

static const struct front_point *chosen(const struct recommendation *r) {
  return &r->outer.front.points[r->decision.point];
}

/* The decision in which the two differ: a slot, by the names of its options, or CHOICE_SETTING; -1: none or several. */
static int only_difference(const struct recommendation *r, const struct front_point *a, const struct front_point *b) {
  int found = -1, n = 0;
  for (int s = 0; s < SLOT_COUNT; s++) {
    if (strcmp(option_of(r, a, s)->name, option_of(r, b, s)->name) == 0) continue;
    found = s;
    n++;
  }
  if (a->choice[CHOICE_SETTING] != b->choice[CHOICE_SETTING]) {
    found = CHOICE_SETTING;
    n++;
  }
  return n == 1 ? found : -1;
}

/* An unknown error proves nothing: the estimates are then given as they are. */
static bool within_error(const struct range *a, const struct range *b) {
  return fabs(a->value - b->value) <= hypot(a->hi - a->lo, b->hi - b->lo) / 2;
}

static void compare_times(const struct recommendation *r, int decision, const struct front_point *from,
                          const struct front_point *to, struct step *step) {
  const bool all_tie = choose_points_tie(r->outer.spaces, r->task, from, to, false);
  for (int p = 0; p < PHASE_COUNT; p++) {
    step->same_time[p] = all_tie;
    if (decision == CHOICE_SETTING) continue;   /* every op differs, and their errors are largely the same ones */
    const struct space_time *a = &option_of(r, from, decision)->time[p], *b = &option_of(r, to, decision)->time[p];
    step->same_time[p] = within_error(&(struct range){a->ns, a->lo, a->hi}, &(struct range){b->ns, b->lo, b->hi});
  }
}

static void name_of(const struct recommendation *r, int decision, const struct front_point *point, char *out,
                    size_t size) {
  if (decision == CHOICE_SETTING) setting_text(&space_of(r, point)->setting, out, size);
  else snprintf(out, size, "%s", option_of(r, point, decision)->name);
}

static struct step step_between(const struct recommendation *r, int decision, const struct front_point *from,
                                const struct front_point *to) {
  struct step step = {.decision = decision == CHOICE_SETTING ? "setting" : slot_names[decision],
                      .before = choose_predict_point(r->outer.spaces, r->task, from),
                      .after = choose_predict_point(r->outer.spaces, r->task, to)};
  name_of(r, decision, from, step.from, sizeof step.from);
  name_of(r, decision, to, step.to, sizeof step.to);
  compare_times(r, decision, from, to, &step);
  return step;
}

/* ---- one step away */

static double amount(const struct prediction *p, enum gain gain) {
  switch (gain) {
    case GAIN_MEMORY: return p->memory;
    case GAIN_TIME: return p->request_ns;
    case GAIN_QUALITY: return p->quality_nats.value;
    default: return p->token_joules.value;
  }
}

static bool is_gain(const struct recommendation *r, const struct step *step, const struct front_point *to,
                    enum gain gain) {
  const double before = amount(&step->before, gain), less = before - amount(&step->after, gain);   /* NAN: no gain */
  if (!(less >= worth[gain] * before) || less <= 0) return false;
  if (gain != GAIN_TIME && gain != GAIN_ENERGY) return true;
  return !choose_points_tie(r->outer.spaces, r->task, to, chosen(r), gain == GAIN_ENERGY);
}

static bool next_with(const struct recommendation *r, enum gain gain, struct step *out) {
  double best = INFINITY;
  for (size_t i = 0; i < r->outer.front.n; i++) {
    const struct front_point *point = &r->outer.front.points[i];
    const int decision = only_difference(r, chosen(r), point);
    if (decision < 0) continue;
    const struct step step = step_between(r, decision, chosen(r), point);
    const double score = choose_score(&r->decision, &step.after);
    if (!choose_within(&r->decision.limits, &step.after) || !is_gain(r, &step, point, gain) || score >= best) continue;
    best = score;
    *out = step;
  }
  return isfinite(best);
}

size_t steps_away(const struct recommendation *r, struct step out[GAIN_COUNT]) {
  size_t n = 0;
  for (int g = 0; g < GAIN_COUNT; g++) {
    struct step step;
    if (!next_with(r, (enum gain)g, &step)) continue;
    size_t i = 0;
    while (i < n && (out[i].decision != step.decision || strcmp(out[i].to, step.to) != 0)) i++;
    if (i == n) out[n++] = step;
    out[i].gains[g] = true;
  }
  return n;
}

/* ---- what a decision bought */

static bool take_option(const struct space *space, struct front_point *point, int slot, const char *name) {
  const size_t option = space_find_option(&space->slots[slot], name);
  point->choice[slot] = (uint8_t)option;
  return option < space->slots[slot].n;
}

bool steps_bought(const struct recommendation *r, int decision, struct step *out) {
  struct front_point from = *chosen(r);
  if (!r->has_plain) return false;
  if (decision == CHOICE_SETTING) {
    from.choice[CHOICE_SETTING] = (uint8_t)(r->plain_space - r->outer.spaces);
    for (int s = 0; s < SLOT_COUNT; s++)
      if (!take_option(r->plain_space, &from, s, option_of(r, chosen(r), s)->name)) return false;
  } else {
    const struct space_option *plain = &r->plain_space->slots[decision].options[r->plain[decision]];
    if (!take_option(r->space, &from, decision, plain->name)) return false;
  }
  if (from.choice[decision] == chosen(r)->choice[decision]) return false;
  *out = step_between(r, decision, &from, chosen(r));
  return true;
}

/* ---- what formats per layer gained */

/* "qkv int8_g32, attn_out f16, ..., flash f16, micro-batch 512" */
static void names_of(const struct recommendation *r, const struct front_point *point, char *out, size_t size) {
  struct text t = {out, size, 0};
  char setting[128];
  for (int s = 0; s < SLOT_COUNT; s++)
    text_add(&t, "%s%s%s, ", s < CLASS_COUNT ? slot_names[s] : "", s < CLASS_COUNT ? " " : "",
             option_of(r, point, s)->name);
  setting_text(&space_of(r, point)->setting, setting, sizeof setting);
  text_add(&t, "%s", setting);
}

static bool has_mix(const struct recommendation *r, const struct front_point *point) {
  for (int s = 0; s < CLASS_COUNT; s++)
    if (option_of(r, point, s)->mix) return true;
  return false;
}

bool steps_layers(const struct recommendation *r, struct step *out) {
  if (!r->has_uniform || !has_mix(r, chosen(r))) return false;
  *out = (struct step){.decision = "layers", .to = "per layer",
                       .before = choose_predict_point(r->outer.spaces, r->task, &r->uniform), .after = r->predicted};
  names_of(r, &r->uniform, out->from, sizeof out->from);
  compare_times(r, CHOICE_SETTING, &r->uniform, chosen(r), out);
  return true;
}

/* ---- words */

static void add_time(struct text *t, const char *name, double before, double after) {
  char ns[32];
  objective_text(OBJECTIVE_TTFT, fabs(after - before), ns, sizeof ns);
  text_add(t, "%s%s %s %s", t->used ? ", " : "", name, ns, after < before ? "shorter" : "longer");
  if (fabs(after - before) >= 5e-4 * before) text_add(t, " (%+.1f %%)", 100 * (after / before - 1));
}

static void add_times(struct text *t, const struct step *step) {
  static const char *const names[PHASE_COUNT] = {"time to first token", "time per token"};
  const double before[PHASE_COUNT] = {step->before.ttft_ns.value, step->before.tpot_ns.value};
  const double after[PHASE_COUNT] = {step->after.ttft_ns.value, step->after.tpot_ns.value};
  const char *same[PHASE_COUNT];
  int n_same = 0;
  for (int p = 0; p < PHASE_COUNT; p++) {
    if (fabs(after[p] - before[p]) <= 1e-9 * before[p]) continue;   /* sums in another order */
    if (step->same_time[p]) same[n_same++] = names[p];
    else add_time(t, names[p], before[p], after[p]);
  }
  if (n_same == PHASE_COUNT) text_add(t, "%sboth times the same within the error", t->used ? ", " : "");
  else if (n_same == 1) text_add(t, "%s%s the same within the error", t->used ? ", " : "", same[0]);
}

void steps_text(const struct step *step, char *out, size_t size) {
  struct text t = {out, size, 0};
  char bytes[32];
  out[0] = '\0';
  const double memory = step->after.memory - step->before.memory;
  text_bytes(fabs(memory), bytes, sizeof bytes);
  if (memory != 0) text_add(&t, "%s %s", bytes, memory < 0 ? "less" : "more");
  add_times(&t, step);
  const double joules = step->after.token_joules.value / step->before.token_joules.value - 1;
  if (isfinite(joules) && fabs(joules) >= 5e-4) text_add(&t, "%senergy %+.1f %%", t.used ? ", " : "", 100 * joules);
  const double nats = step->after.quality_nats.value - step->before.quality_nats.value;
  if (fabs(nats) >= 5e-5) text_add(&t, "%sperplexity %+.2f %%", t.used ? ", " : "", 100 * expm1(nats));
  if (!t.used) text_add(&t, "no difference that shows");
}

void steps_gains(const struct step *step, char *out, size_t size) {
  struct text t = {out, size, 0};
  out[0] = '\0';
  for (int g = 0; g < GAIN_COUNT; g++)
    if (step->gains[g]) text_add(&t, "%s%s", t.used ? ", " : "", gain_names[g]);
}
