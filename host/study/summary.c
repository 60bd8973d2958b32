#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void add(struct geometric *mean, double value) {
  if (!isfinite(value) || value <= 0) return;
  mean->sum += log(value);
  mean->n++;
}

double geometric_mean(const struct geometric *mean) { return mean->n ? exp(mean->sum / (double)mean->n) : NAN; }

/* ---- a group */

static bool is_of_group(const struct study *study, const struct study_case *c, enum study_group_kind group) {
  const struct study_model *m = &study->models[c->model];
  if (group == GROUP_LARGE) return m->model->params >= study->baselines.large_params;
  return group == GROUP_ALL || m->vision;
}

static void add_pick(struct study_summary *s, int kind, const struct study_pick *pick) {
  if (!pick->known) return;
  add(&s->gain[kind], pick->gain.mean);
  s->lossy[kind] += !pick->within_quality;
  s->too_large[kind] += !pick->fits;
}

static void add_joint(struct study_summary *s, const struct study_case *c, double limit) {
  const struct study_pick *joint = &c->picks[PICK_JOINT], *base = &c->picks[PICK_DEFAULT];
  if (!joint->known) return;
  s->least = fmin(s->least, joint->gain.mean);
  s->most = fmax(s->most, joint->gain.mean);
  add(&s->time, joint->gain.time);
  add(&s->memory, joint->gain.memory);
  add(&s->energy, joint->gain.energy);
  add(&s->ttft, base->ttft_ns.value / joint->ttft_ns.value);
  add(&s->tpot, base->tpot_ns.value / joint->tpot_ns.value);
  s->rest_share += c->rest_share;
  s->ties += c->time_is_tie;
  const struct gain told = {c->time_is_tie ? 1 : joint->gain.time, joint->gain.memory, joint->gain.energy, NAN};
  add(&s->beyond_ties, gain_mean(&told));
  s->surely_within += joint->quality_nats.hi <= limit;
  if (!isfinite(joint->request_half)) return;
  s->half += joint->request_half / joint->request_ns.value;
  s->n_half++;
}

static void add_read_shares(struct study_summary *s, const struct study_case *c) {
  if (!isfinite(c->read_share[0]) || !isfinite(c->read_share[1])) return;
  for (int i = 0; i < 2; i++) add(&s->read_share[i], c->read_share[i]);
}

struct study_summary study_summarise(const struct study *study, size_t result, enum study_group_kind group) {
  struct study_summary s = {.group = group, .least = INFINITY, .most = -INFINITY};
  for (size_t i = 0; i < study->n_cases; i++) {
    const struct study_case *c = &study->cases[i];
    if (c->result != result || !is_of_group(study, c, group)) continue;
    s.cases++;
    s.by_status[c->status]++;
    if (c->status == CASE_ONLY_TUNED) {
      add(&s.only_tuned, c->picks[PICK_JOINT].gain.mean);
      add(&s.tuned_over_hosted, c->over_hosted.mean);
    }
    if (c->status == CASE_ONLY_HOSTED) add(&s.only_hosted, c->over_hosted.mean);
    if (c->status != CASE_FITS) continue;
    for (int kind = 0; kind < PICK_COUNT; kind++) add_pick(&s, kind, &c->picks[kind]);
    add_joint(&s, c, study->baselines.quality_nats);
    s.prefill_share += c->prefill_share;
    add(&s.prefill_rate, c->prefill_rate);
    add_read_shares(&s, c);
    s.by_arithmetic += c->prefill_by_arithmetic;
    s.with_unknown += c->n_unknown > 0;
    s.with_uncosted += c->n_uncosted > 0;
  }
  const double n = (double)s.by_status[CASE_FITS];
  s.prefill_share = n > 0 ? s.prefill_share / n : NAN;
  s.rest_share = s.gain[PICK_JOINT].n ? s.rest_share / (double)s.gain[PICK_JOINT].n : NAN;
  s.half = s.n_half ? s.half / (double)s.n_half : NAN;
  if (!s.gain[PICK_JOINT].n) s.least = s.most = NAN;
  return s;
}

/* ---- what limits it */

static const double NOTICEABLE = 1.05;   /* a factor worth a line */

static bool line_prefill(const struct study_summary *s, char *out, size_t size) {
  const double ttft = geometric_mean(&s->ttft), tpot = geometric_mean(&s->tpot);
  struct text t = {out, size, 0};
  text_add(&t, "the prompt is %.0f %% of the default's time and gains %.2fx, a decoded token %.2fx", 100 * s->prefill_share,
           ttft, tpot);
  if (s->by_arithmetic)
    text_add(&t, "; in %zu of %zu cases the largest multiplication of the prompt is bound by arithmetic, which smaller "
                 "weights do not make less", s->by_arithmetic, s->by_status[CASE_FITS]);
  if (s->prefill_rate.n)
    text_add(&t, "; its kernel reaches %.0f %% of the device's arithmetic", 100 * geometric_mean(&s->prefill_rate));
  return isfinite(ttft) && isfinite(tpot);
}

/* Were reading all that counts, half the bytes would be half the time. */
static bool line_reading(const struct study_summary *s, char *out, size_t size) {
  const double before = geometric_mean(&s->read_share[0]), after = geometric_mean(&s->read_share[1]);
  snprintf(out, size, "a decoded token's largest multiplication reads at %.0f %% of the memory's bandwidth in the default and at "
                      "%.0f %% in the joint choice (%zu cases): fewer bytes are not as much less "
                      "time", 100 * before, 100 * after, s->read_share[0].n);
  return after * NOTICEABLE < before;
}

static bool line_parts(const struct study_summary *s, char *out, size_t size) {
  const double time = geometric_mean(&s->time), memory = geometric_mean(&s->memory);
  const double energy = geometric_mean(&s->energy);
  char joules[48] = ", energy unknown";
  if (isfinite(energy)) snprintf(joules, sizeof joules, ", energy %.2fx", energy);
  snprintf(out, size, "time %.2fx, memory %.2fx%s", time, memory, joules);
  return isfinite(time);
}

static bool line_quality(const struct study_summary *s, char *out, size_t size) {
  const double free_gain = geometric_mean(&s->gain[PICK_FREE]), gain = geometric_mean(&s->gain[PICK_JOINT]);
  snprintf(out, size, "if no format lost quality the gain would be %.2fx instead of %.2fx: the limit on the loss%s",
           free_gain, gain,
           s->with_unknown ? ", and formats whose loss nobody published" : "");
  return free_gain > gain * NOTICEABLE;
}

static bool line_rest(const struct study_summary *s, char *out, size_t size) {
  snprintf(out, size,
           "%.0f %% of the joint choice's time is norms, RoPE, activations and submissions, which no choice touches",
           100 * s->rest_share);
  return s->rest_share > 1 - 1 / NOTICEABLE;
}

static bool line_noise(const struct study_summary *s, char *out, size_t size) {
  const size_t n = s->gain[PICK_JOINT].n;
  if (s->n_half)
    snprintf(out, size,
             "noise: the joint choice's time is known to +-%.0f %% on average (%zu of %zu cases, unknown in the "
             "others); in %zu it cannot be told from the default's: were it equal there, the gain would be %.2fx",
             100 * s->half, s->n_half, n, s->ties, geometric_mean(&s->beyond_ties));
  else
    snprintf(out, size,
             "noise: the error of the times is unknown in all %zu cases; in %zu the time equals the default's", n,
             s->ties);
  return n > 0 && (s->ties > 0 || s->n_half < n || s->half > NOTICEABLE - 1);
}

static bool line_uncosted(const struct study_summary *s, char *out, size_t size) {
  snprintf(out, size,
           "in %zu cases some ops have no rows in the result and count by their launches only; `vkpareto run --suite "
           "standard` adds them", s->with_uncosted);
  return s->with_uncosted > 0;
}

bool study_limit(const struct study_summary *s, size_t index, char *out, size_t size) {
  bool (*const lines[])(const struct study_summary *, char *, size_t) = {
    line_parts, line_prefill, line_reading, line_quality, line_rest, line_noise, line_uncosted,
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    if (lines[i](s, out, size) && index-- == 0) return true;
  return false;
}

/* ---- failures */

/* Past a quoted name or a number; where there is none, as it was. */
static const char *skip_particular(const char *text) {
  if (*text == '\'') {
    const char *end = strchr(text + 1, '\'');
    return end ? end + 1 : text;
  }
  return text + strspn(text, "0123456789.");
}

/* The same but for names and numbers. */
static bool is_same_kind(const char *a, const char *b) {
  for (;;) {
    const char *x = skip_particular(a), *y = skip_particular(b);
    if ((x == a) != (y == b) || *x != *y) return false;
    if (*x == '\0') return true;
    a = x + 1;
    b = y + 1;
  }
}

bool study_failures(const struct study *study, size_t result, struct study_failure **list, size_t *n,
                    struct error *err) {
  *n = 0;
  *list = calloc(study->n_cases + 1, sizeof **list);
  if (!*list) return error_set(err, ERROR_MEMORY, "out of memory for %zu cases", study->n_cases);
  for (size_t i = 0; i < study->n_cases; i++) {
    const struct study_case *c = &study->cases[i];
    if (c->result != result || !c->reason[0]) continue;
    size_t at = 0;
    while (at < *n && ((*list)[at].status != c->status || !is_same_kind((*list)[at].reason, c->reason))) at++;
    if (at == *n) (*list)[(*n)++] = (struct study_failure){c->status, c->reason, 0, i};
    (*list)[at].n++;
  }
  return true;
}

/* ---- flips */

struct flips { struct study_flip *list; size_t n, room; };

/* The entry of a pair of techniques on a pair of results; NULL: memory ran out. Names in either order. */
static struct study_flip *find_flip(struct flips *flips, size_t from, const struct study_case *x,
                                    const struct study_case *y,
                                    const char *a, const char *b) {
  for (size_t i = from; i < flips->n; i++) {
    struct study_flip *f = &flips->list[i];
    if ((strcmp(f->faster, a) == 0 && strcmp(f->slower, b) == 0)
        || (strcmp(f->faster, b) == 0 && strcmp(f->slower, a) == 0)) return f;
  }
  if (flips->n == flips->room) {
    const size_t room = 2 * flips->room + 64;
    struct study_flip *grown = realloc(flips->list, room * sizeof *grown);
    if (!grown) return NULL;
    flips->list = grown;
    flips->room = room;
  }
  struct study_flip *f = &flips->list[flips->n++];
  *f = (struct study_flip){.result = {x->result, y->result}};
  snprintf(f->faster, sizeof f->faster, "%s", a);
  snprintf(f->slower, sizeof f->slower, "%s", b);
  return f;
}

static size_t find_name(const struct study_order *order, const char *name) {
  size_t i = 0;
  while (i < order->n && strcmp(order->name[i], name) != 0) i++;
  return i;
}

static bool add_flips(const struct study *study, const struct study_case *x, const struct study_case *y, size_t from,
                      struct flips *flips) {
  size_t there[STUDY_TECHNIQUES];
  for (size_t a = 0; a < x->order.n; a++) there[a] = find_name(&y->order, x->order.name[a]);
  for (size_t a = 0; a < x->order.n; a++)
    for (size_t b = 0; b < x->order.n; b++) {
      if (x->order.faster[a][b] >= 0 || there[a] == y->order.n || there[b] == y->order.n) continue;
      const int other = y->order.faster[there[a]][there[b]];
      if (other == 0) continue;
      struct study_flip *f = find_flip(flips, from, x, y, x->order.name[a], x->order.name[b]);
      if (!f) return false;
      f->compared++;
      if (other < 0) continue;
      f->sure += x->order.faster[a][b] == -2 && other == 2;
      if (f->flips++ > 0) continue;
      snprintf(f->faster, sizeof f->faster, "%s", x->order.name[a]);
      snprintf(f->slower, sizeof f->slower, "%s", x->order.name[b]);
      f->example = (size_t)(x - study->cases);
    }
  return true;
}

static int by_flips(const void *a, const void *b) {
  const struct study_flip *x = a, *y = b;
  if (x->sure != y->sure) return x->sure > y->sure ? -1 : 1;
  if (x->flips != y->flips) return x->flips > y->flips ? -1 : 1;
  const int faster = strcmp(x->faster, y->faster);
  if (faster) return faster;
  const int slower = strcmp(x->slower, y->slower);
  if (slower) return slower;
  if (x->result[0] != y->result[0]) return x->result[0] < y->result[0] ? -1 : 1;
  return x->result[1] < y->result[1] ? -1 : x->result[1] > y->result[1];
}

bool study_flips(const struct study *study, struct study_flip **list, size_t *n, struct error *err) {
  struct flips flips = {0};
  const size_t per = study->n_models * study->n_tasks;
  bool ok = true;
  for (size_t r = 0; r < study->n_results; r++)
    for (size_t q = r + 1; q < study->n_results; q++) {
      const size_t from = flips.n;
      for (size_t i = 0; ok && i < per; i++)
        ok = add_flips(study, &study->cases[r * per + i], &study->cases[q * per + i], from, &flips);
    }
  *list = flips.list;
  *n = flips.n;
  if (!ok) {
    free(flips.list);
    *list = NULL;
    *n = 0;
    return error_set(err, ERROR_MEMORY, "out of memory for the order of techniques");
  }
  if (flips.n) qsort(flips.list, flips.n, sizeof *flips.list, by_flips);
  return true;
}
