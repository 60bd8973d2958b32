#include "steps.h"

#include <math.h>
#include <string.h>

#include "text.h"

const char *const gain_names[GAIN_COUNT] = {"less memory", "faster", "better quality", "less energy"};

/* What is worth a line: less nobody would act on. Of quality a larger share, since most of a loss is one decision's. */
static const double worth[GAIN_COUNT] = {0.02, 0.02, 0.1, 0.02};

static struct step step_between(const struct recommendation *r, int slot, size_t from, size_t to) {
  struct step step = {.slot = slot, .from = from, .to = to};
  uint8_t choice[SLOT_COUNT];
  memcpy(choice, r->choice, sizeof choice);
  choice[slot] = (uint8_t)from;
  step.before = choose_predict(r->space, r->task, choice);
  choice[slot] = (uint8_t)to;
  step.after = choose_predict(r->space, r->task, choice);
  return step;
}

/* ---- one step away */

/* The slot in which the two differ, SLOT_COUNT if in none or several. */
static int only_difference(const uint8_t a[SLOT_COUNT], const uint8_t b[SLOT_COUNT]) {
  int slot = SLOT_COUNT;
  for (int s = 0; s < SLOT_COUNT; s++) {
    if (a[s] == b[s]) continue;
    if (slot != SLOT_COUNT) return SLOT_COUNT;
    slot = s;
  }
  return slot;
}

static double amount(const struct prediction *p, enum gain gain) {
  switch (gain) {
    case GAIN_MEMORY: return p->memory;
    case GAIN_TIME: return p->request_ns;
    case GAIN_QUALITY: return p->quality_nats.value;
    default: return p->token_joules.value;
  }
}

static bool is_gain(const struct recommendation *r, const struct step *step, const uint8_t *choice, enum gain gain) {
  const double before = amount(&step->before, gain), less = before - amount(&step->after, gain);   /* NAN: no gain */
  if (!(less >= worth[gain] * before) || less <= 0) return false;
  if (gain == GAIN_TIME) return !choose_times_tie(r->space, r->task, choice, r->choice);
  return gain != GAIN_ENERGY || !choose_energies_tie(r->space, r->task, choice, r->choice);
}

static bool next_with(const struct recommendation *r, enum gain gain, struct step *out) {
  double best = INFINITY;
  for (size_t i = 0; i < r->outer.front.n; i++) {
    const uint8_t *choice = r->outer.front.points[i].choice;
    const int slot = only_difference(choice, r->choice);
    if (slot == SLOT_COUNT || &r->outer.spaces[choice[CHOICE_SETTING]] != r->space) continue;
    const struct step step = step_between(r, slot, r->choice[slot], choice[slot]);
    const double score = choose_score(&r->decision, &step.after);
    if (!choose_within(&r->decision.limits, &step.after) || !is_gain(r, &step, choice, gain) || score >= best) continue;
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
    while (i < n && (out[i].slot != step.slot || out[i].to != step.to)) i++;
    if (i == n) out[n++] = step;
    out[i].gains[g] = true;
  }
  return n;
}

bool steps_bought(const struct recommendation *r, int slot, struct step *out) {
  if (!r->has_plain) return false;
  const struct space_slot *here = &r->space->slots[slot];
  const size_t from = space_find_option(here, r->plain_space->slots[slot].options[r->plain[slot]].name);
  if (from == here->n || from == r->choice[slot]) return false;
  *out = step_between(r, slot, from, r->choice[slot]);
  return true;
}

/* ---- words */

/* An unknown error proves nothing: the estimates are then given as they are. */
static bool times_tie(const struct space_time *a, const struct space_time *b) {
  return fabs(a->ns - b->ns) <= hypot(a->hi - a->lo, b->hi - b->lo) / 2;
}

static void add_time(struct text *t, const char *name, double apart, double all) {
  char ns[32];
  objective_text(OBJECTIVE_TTFT, fabs(apart), ns, sizeof ns);
  text_add(t, "%s%s %s %s", t->used ? ", " : "", name, ns, apart < 0 ? "shorter" : "longer");
  if (fabs(apart) >= 5e-4 * all) text_add(t, " (%+.1f %%)", 100 * apart / all);
}

static void add_times(struct text *t, const struct recommendation *r, const struct step *step) {
  static const char *const names[PHASE_COUNT] = {"time to first token", "time per token"};
  const struct space_option *from = &r->space->slots[step->slot].options[step->from], *to = from - step->from + step->to;
  const double all[PHASE_COUNT] = {step->before.ttft_ns.value, step->before.tpot_ns.value};
  const char *same[PHASE_COUNT];
  int n_same = 0;
  for (int p = 0; p < PHASE_COUNT; p++) {
    const double apart = to->time[p].ns - from->time[p].ns;
    if (apart == 0 || (p == PHASE_DECODE && r->task->output == 1)) continue;
    if (times_tie(&from->time[p], &to->time[p])) same[n_same++] = names[p];
    else add_time(t, names[p], apart, all[p]);
  }
  if (n_same == PHASE_COUNT) text_add(t, "%sboth times the same within the error", t->used ? ", " : "");
  else if (n_same == 1) text_add(t, "%s%s the same within the error", t->used ? ", " : "", same[0]);
}

void steps_text(const struct recommendation *r, const struct step *step, char *out, size_t size) {
  struct text t = {out, size, 0};
  char bytes[32];
  out[0] = '\0';
  const double memory = step->after.memory - step->before.memory;
  text_bytes(fabs(memory), bytes, sizeof bytes);
  if (memory != 0) text_add(&t, "%s %s", bytes, memory < 0 ? "less" : "more");
  add_times(&t, r, step);
  const double joules = step->after.token_joules.value / step->before.token_joules.value - 1;
  if (isfinite(joules) && joules != 0) text_add(&t, "%senergy %+.1f %%", t.used ? ", " : "", 100 * joules);
  const double nats = step->after.quality_nats.value - step->before.quality_nats.value;
  if (isfinite(nats) && nats != 0) text_add(&t, "%sperplexity %+.2f %%", t.used ? ", " : "", 100 * expm1(nats));
  if (!t.used) text_add(&t, "no difference");
}

void steps_gains(const struct step *step, char *out, size_t size) {
  struct text t = {out, size, 0};
  out[0] = '\0';
  for (int g = 0; g < GAIN_COUNT; g++)
    if (step->gains[g]) text_add(&t, "%s%s", t.used ? ", " : "", gain_names[g]);
}
