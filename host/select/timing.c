#include "timing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const part_names[PART_COUNT] = {"matmul", "experts", "attention", "rest", "upload"};

/* A matmul with an adapter in it is still one. */
static enum part part_of(const struct family *family) {
  if (strcmp(family->name, "adapter") == 0) return PART_MATMUL;
  for (int p = 0; p < PART_REST; p++)
    if (strcmp(family->name, p == PART_EXPERTS ? "moe" : part_names[p]) == 0) return (enum part)p;
  return PART_REST;
}

/* "moe.{algorithm}_{format}" -> "moe.grouped_int4_g32". */
static void technique_name(const char *pattern, const struct timing_names *names, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  for (const char *at = pattern; *at && used < size - 1;) {
    const char *value = strncmp(at, "{algorithm}", 11) == 0 ? names->algorithm
                      : strncmp(at, "{format}", 8) == 0     ? names->format : NULL;
    const char *next = value ? strchr(at, '}') + 1 : at + 1;
    const int wrote = snprintf(out + used, size - used, "%.*s", value ? 64 : 1, value ? value : at);
    used += wrote > 0 ? (size_t)wrote : 0;
    at = next;
  }
}

static void keep_row(struct space_time *time, const struct result_row *row, double ns) {
  if (ns <= time->row_ns) return;
  time->row = row;
  time->row_ns = ns;
}

static bool add_step(const struct cost_model *cost, const struct op *op, const struct op_step *step,
                     const struct timing_names *names, struct space_time *time, double *scratch, struct error *err) {
  char technique[96];
  technique_name(step->technique, names, technique, sizeof technique);
  struct cost_estimate e;
  if (!cost_predict(cost, technique, &step->kase, &e, err)) return false;
  const double ns = op->count * e.ns;
  time->ns += ns;
  time->lo += op->count * e.lo;
  time->hi += op->count * e.hi;
  time->part_ns[part_of(step->kase.family)] += ns;
  if (e.extrapolated) time->extrapolated_ns += ns;
  time->joules += op->count * e.joules;
  time->joules_error += op->count * e.joules_error;
  if (e.joules_measured) time->measured_joules += op->count * e.joules;
  *scratch = fmax(*scratch, e.scratch_bytes);
  const bool own_regime = cost_regime(&step->kase) == (op->phase == PHASE_DECODE ? REGIME_DECODE : REGIME_PREFILL);
  if (own_regime && names->technique && strcmp(technique, names->technique) == 0) keep_row(time, e.row, ns);
  return true;
}

static void add_times(struct space_time *sum, const struct space_time *time) {
  sum->ns += time->ns;
  sum->lo += time->lo;
  sum->hi += time->hi;
  sum->extrapolated_ns += time->extrapolated_ns;
  for (int p = 0; p < PART_COUNT; p++) sum->part_ns[p] += time->part_ns[p];
  sum->joules += time->joules;
  sum->joules_error += time->joules_error;
  sum->measured_joules += time->measured_joules;
  keep_row(sum, time->row, time->row_ns);
}

static bool is_wanted(const struct op *op, size_t way, const struct timing_names *names) {
  return names->ways == WAYS_ALL || !op->way[1][0].kase.family || (way == 0) == (names->ways == WAYS_FIRST);
}

bool timing_add_op(const struct cost_model *cost, const struct op *op, const struct timing_names *names,
                   struct space_time *time, double *scratch, struct error *err) {
  struct space_time best = {.ns = INFINITY};
  double best_scratch = 0;
  size_t tried = 0;
  for (size_t w = 0; w < OP_WAYS && op->way[w][0].kase.family; w++) {
    if (!is_wanted(op, w, names)) continue;
    struct space_time way = {0};
    struct error why = {0};
    double need = 0;
    bool ok = true;
    for (size_t s = 0; ok && s < OP_STEPS && op->way[w][s].kase.family; s++)
      ok = add_step(cost, op, &op->way[w][s], names, &way, &need, &why);
    if (!ok && tried++ == 0) *err = why;
    if (!ok || way.ns >= best.ns) continue;
    best = way;
    best_scratch = need;
  }
  if (isinf(best.ns)) return false;
  *err = (struct error){0};
  add_times(time, &best);
  *scratch = fmax(*scratch, best_scratch);
  return true;
}

/* a x + b y, but for joules and the row, which are the phase's own. */
static struct space_time mix(double a, const struct space_time *x, double b, const struct space_time *y,
                             const struct space_time *own) {
  struct space_time out = *own;
  out.ns = a * x->ns + b * y->ns;
  out.lo = a * x->lo + b * y->lo;
  out.hi = a * x->hi + b * y->hi;
  out.extrapolated_ns = a * x->extrapolated_ns + b * y->extrapolated_ns;
  for (int p = 0; p < PART_COUNT; p++) out.part_ns[p] = a * x->part_ns[p] + b * y->part_ns[p];
  return out;
}

void timing_serve(const struct task *task, struct space_time time[PHASE_COUNT]) {
  if (task->arrivals == ARRIVALS_TOGETHER || task->concurrency == 1 || task->output == 1) return;
  const double n = (double)task->concurrency, running = 0.5, stops = (n - 1) / n / (double)(task->output - 1);
  const struct space_time all = time[PHASE_PREFILL], step = time[PHASE_DECODE];
  time[PHASE_PREFILL] = mix(1 / n, &all, running, &step, &all);
  time[PHASE_DECODE] = mix(stops, &all, 1, &step, &step);
}

void timing_add_ns(const struct cost_model *cost, struct space_time *time, enum part part, double ns) {
  struct space_time exact = {.ns = ns, .lo = ns, .hi = ns, .joules = cost_idle_joules(cost, ns)};
  exact.part_ns[part] = ns;
  add_times(time, &exact);
}
