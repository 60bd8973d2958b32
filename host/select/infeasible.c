#include "infeasible.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "conflict.h"
#include "text.h"

/* The objectives, then power. */
enum { AXIS_POWER = OBJECTIVE_COUNT };
_Static_assert(OBJECTIVE_COUNT + 1 == CONFLICT_AXES, "each limit has an axis");

static const struct axis { const char *name, *least, *option; } axes[CONFLICT_AXES] = {
  [OBJECTIVE_TTFT] = {"time to first token", "shortest time to first token", "--max-ttft"},
  [OBJECTIVE_TPOT] = {"time per token", "shortest time per token", "--max-tpot"},
  [OBJECTIVE_MEMORY] = {"memory", "least memory", "--max-memory"},
  [OBJECTIVE_QUALITY] = {"perplexity", "least rise of perplexity", "--max-quality-loss"},
  [OBJECTIVE_ENERGY] = {"energy", "least energy", NULL},
  [AXIS_POWER] = {"power", "least power", "--max-power"},
};
/* A limit on the time per token that was given as throughput is spoken of as that. */
static const struct axis throughput = {"throughput", "most throughput", "--min-throughput"};

struct asked { const struct task *task; const struct limits *limits; };

static bool as_throughput(const struct asked *c, unsigned axis) {
  return axis == OBJECTIVE_TPOT && c->limits->tokens_per_s > 0;
}

static const struct axis *axis_of(const struct asked *c, unsigned axis) {
  return as_throughput(c, axis) ? &throughput : &axes[axis];
}

static double limit_of(const struct limits *limits, unsigned axis) {
  if (axis < OBJECTIVE_COUNT) return limits->at[axis];
  return limits->watts > 0 ? limits->watts : INFINITY;
}

static double tokens_per_s(const struct task *task, double tpot) { return 1e9 * (double)task->concurrency / tpot; }

static void rate_text(double rate, char *out, size_t size) {
  snprintf(out, size, rate < 1000 ? "%.3g tokens/s" : "%.0f tokens/s", rate);
}

static void value_text(const struct asked *c, unsigned axis, double value, char *out, size_t size) {
  if (isnan(value)) snprintf(out, size, "unknown");
  else if (as_throughput(c, axis)) rate_text(tokens_per_s(c->task, value), out, size);
  else if (axis == AXIS_POWER) snprintf(out, size, "%.3g W", value);
  else if (axis == OBJECTIVE_QUALITY) snprintf(out, size, "+%.2f %%", 100 * expm1(value));
  else objective_text((enum objective)axis, value, out, size);
}

static void add_value(struct text *t, const struct asked *c, unsigned axis, double value) {
  char text[48];
  value_text(c, axis, value, text, sizeof text);
  text_add(t, "%s", text);
}

/* "memory <= 4.00 GiB (what the device has)" */
static void add_limit(struct text *t, const struct asked *c, unsigned axis) {
  text_add(t, "%s %s ", axis_of(c, axis)->name, as_throughput(c, axis) ? ">=" : "<=");
  add_value(t, c, axis, limit_of(c->limits, axis));
  if (axis == OBJECTIVE_MEMORY && c->limits->memory_of_device) text_add(t, " (what the device has)");
}

/* "the least memory is 161 MiB" */
static void add_least(struct text *t, const struct asked *c, unsigned axis, double value) {
  text_add(t, "the %s is ", axis_of(c, axis)->least);
  add_value(t, c, axis, value);
}

static void add_over(struct text *t, double value, double limit) {
  const double times = value / limit;
  if (!isfinite(times)) return;
  if (times >= 1000) text_add(t, " (over a thousand times that)");
  else if (times >= 10) text_add(t, " (%.0f times that)", times);
  else if (times >= 1.0005) text_add(t, " (%.3g %% over)", 100 * (times - 1));
}

/* ---- one set */

static void add_set(struct text *t, const struct asked *c, const struct conflict_set *set) {
  unsigned member[CONFLICT_AXES], n = 0;
  for (unsigned a = 0; a < CONFLICT_AXES; a++)
    if (set->members >> a & 1) member[n++] = a;
  text_add(t, "\n  ");
  for (unsigned i = 0; i < n; i++) {
    text_add(t, "%s", i == 0 ? "" : i + 1 < n ? ", " : " and ");
    add_limit(t, c, member[i]);
  }
  if (n == 1) {
    text_add(t, ": ");
    add_least(t, c, member[0], set->least[member[0]]);
    if (!as_throughput(c, member[0])) add_over(t, set->least[member[0]], limit_of(c->limits, member[0]));
    return;
  }
  text_add(t, n == 2 ? " exclude each other: " : " exclude each other: where the others are kept, ");
  for (unsigned i = 0; i < n; i++) {
    const unsigned axis = n == 2 ? member[1 - i] : member[i];
    if (n == 2) text_add(t, "%swith that %s ", i ? "; " : "", axis_of(c, member[i])->name);
    else if (i) text_add(t, ", ");
    add_least(t, c, axis, set->least[axis]);
  }
}

/* ---- what would do */

/* To three digits, away from what is too little. */
static double round_up(double value) {
  if (value <= 0) return 0;
  const double step = pow(10, floor(log10(value)) - 2);
  return ceil(value / step * (1 - 1e-12)) * step;
}

/* "--max-memory 161MiB"; a larger device where the limit is the device's own. */
static void add_remedy(struct text *t, const struct asked *c, unsigned axis, double value) {
  const double gib = 1 << 30, mib = 1 << 20;
  const char *option = axis_of(c, axis)->option;
  if (axis == OBJECTIVE_MEMORY) {
    const bool device = c->limits->memory_of_device;
    text_add(t, "%s ", device ? "a device with" : option);
    if (value >= gib) text_add(t, "%.6g%sGiB", round_up(value / gib), device ? " " : "");
    else if (value >= mib) text_add(t, "%.6g%sMiB", round_up(value / mib), device ? " " : "");
    else text_add(t, "%.0f%sB", ceil(value), device ? " " : "");
  } else if (as_throughput(c, axis)) {
    const double rate = tokens_per_s(c->task, value), step = pow(10, floor(log10(rate)) - 2);
    text_add(t, "%s %.6g", option, floor(rate / step * (1 + 1e-12)) * step);
  } else if (axis == OBJECTIVE_QUALITY) {
    text_add(t, "%s %.6g%%", option, round_up(100 * expm1(value)));
  } else {
    text_add(t, "%s %.6g", option, round_up(axis == AXIS_POWER ? value : value / 1e6));
  }
}

static bool add_remedies(struct text *t, const struct asked *c, const double alone[CONFLICT_AXES]) {
  bool any = false;
  int limits = 0;
  for (unsigned a = 0; a < CONFLICT_AXES; a++) limits += isfinite(limit_of(c->limits, a));
  for (unsigned a = 0; a < CONFLICT_AXES; a++) {
    if (isnan(alone[a]) || !axis_of(c, a)->option) continue;
    text_add(t, any ? " or " : limits > 1 ? "\n  one would do, the other limits kept: " : "\n  what would do: ");
    add_remedy(t, c, a, alone[a]);
    any = true;
  }
  return any;
}

static double excess(const struct limits *limits, const struct conflict_point *p) {
  double worst = 0;
  for (unsigned a = 0; a < CONFLICT_AXES; a++) {
    const double value = p->at[a], limit = limit_of(limits, a);
    if (!isfinite(limit) || value <= limit) continue;
    worst = fmax(worst, isnan(value) || limit <= 0 ? INFINITY : value / limit);
  }
  return worst;
}

static void add_nearest(struct text *t, const struct asked *c, const struct conflict_point *points, size_t n) {
  size_t nearest = 0;
  for (size_t i = 1; i < n; i++)
    if (excess(c->limits, &points[i]) < excess(c->limits, &points[nearest])) nearest = i;
  text_add(t, "\n  no single limit is enough to give; the nearest configuration needs ");
  bool any = false;
  for (unsigned a = 0; a < CONFLICT_AXES; a++) {
    const double value = points[nearest].at[a], limit = limit_of(c->limits, a);
    if (!isfinite(limit) || value <= limit) continue;
    text_add(t, "%s%s ", any ? ", " : "", axis_of(c, a)->name);
    add_value(t, c, a, value);
    if (!as_throughput(c, a)) add_over(t, value, limit);
    any = true;
  }
}

/* ---- the whole */

static void explain(const struct asked *c, const struct conflict_point *points, size_t n, struct error *err) {
  double limit[CONFLICT_AXES];
  struct conflicts conflicts;
  char words[sizeof err->text];
  struct text t = {words, sizeof words, 0};
  for (unsigned a = 0; a < CONFLICT_AXES; a++) limit[a] = limit_of(c->limits, a);
  conflict_find(points, n, limit, &conflicts);
  text_add(&t, "no configuration is within the limits:");
  for (size_t i = 0; i < conflicts.n; i++) add_set(&t, c, &conflicts.sets[i]);
  if (!add_remedies(&t, c, conflicts.alone)) add_nearest(&t, c, points, n);
  error_set(err, ERROR_INFEASIBLE, "%s", words);
}

bool infeasible_explain(const struct space *spaces, const struct task *task, const struct front *front,
                        const struct limits *limits, struct error *err) {
  struct conflict_point *points = calloc(front->n, sizeof *points);
  if (!points) return error_set(err, ERROR_MEMORY, "out of memory for %zu configurations", front->n);
  for (size_t i = 0; i < front->n; i++) {
    const struct prediction p = choose_predict_point(spaces, task, &front->points[i]);
    for (unsigned a = 0; a < OBJECTIVE_COUNT; a++) points[i].at[a] = prediction_objective(&p, (enum objective)a);
    points[i].at[AXIS_POWER] = p.watts;
  }
  const struct asked c = {task, limits};
  explain(&c, points, front->n, err);
  free(points);
  return false;
}
