#include "power.h"

#include <math.h>

static bool counter_mean(const struct trace *trace, size_t first, size_t last, struct power *out, struct error *err) {
  const struct reading *r = trace->readings;
  size_t begin = 0, end = 0, steps = 0;
  for (size_t i = first + 1; i <= last; i++) {
    if (r[i].value < r[i - 1].value)
      return error_set(err, ERROR_INPUT, "the counter ran backwards, from %g to %g J", r[i - 1].value, r[i].value);
    if (r[i].value == r[i - 1].value) continue;
    if (!steps++) begin = i;
    end = i;
  }
  double seconds = r[last].at - r[first].at;
  if (!steps) return error_set(err, ERROR_INPUT, "the counter stood still for %.1f s", seconds);
  if (steps < POWER_STEPS)
    return error_set(err, ERROR_INPUT, "the counter moved %zu times in %.1f s, %d are needed", steps, seconds,
                     POWER_STEPS);
  double time = r[end].at - r[begin].at;
  out->watts = (r[end].value - r[begin].value) / time;
  out->error = out->watts * (r[begin].at - r[begin - 1].at + r[end].at - r[end - 1].at) / time;
  return true;
}

static bool watts_mean(const struct trace *trace, size_t first, size_t last, struct power *out, struct error *err) {
  const struct reading *r = trace->readings;
  double joules = 0, gap = 0, time = r[last].at - r[first].at;
  if (last - first < POWER_STEPS)
    return error_set(err, ERROR_INPUT, "%zu readings in %.1f s, %d are needed", last - first + 1, time,
                     POWER_STEPS + 1);
  for (size_t i = first + 1; i <= last; i++) {
    double step = r[i].at - r[i - 1].at;
    joules += step * (r[i].value + r[i - 1].value) / 2;
    gap = fmax(gap, step);
  }
  out->watts = joules / time;
  out->error = out->watts * gap / time;
  return joules > 0 ||
         error_set(err, ERROR_INPUT, "the meter reads 0 W for %.1f s: there is no sensor behind it", time);
}

static bool check_readings(const struct trace *trace, struct error *err) {
  for (size_t i = 0; i < trace->n; i++) {
    const struct reading *r = &trace->readings[i];
    if (!isfinite(r->at) || !isfinite(r->value) || r->value < 0)
      return error_set(err, ERROR_INPUT, "the meter reads %g, which is no amount", r->value);
    if (i && r->at <= r[-1].at) return error_set(err, ERROR_INPUT, "two readings at one time, or out of order");
  }
  return true;
}

bool power_mean(const struct trace *trace, double begin, double end, struct power *out, struct error *err) {
  if (!check_readings(trace, err)) return false;
  size_t first = 0, last = trace->n;
  while (first < trace->n && trace->readings[first].at < begin + trace->lag_s) first++;
  while (last > first && trace->readings[last - 1].at > end) last--;
  if (last < first + 2) return error_set(err, ERROR_INPUT, "fewer than 2 readings in %.1f s", end - begin);
  bool ok = trace->unit == METER_WATTS ? watts_mean(trace, first, last - 1, out, err)
                                       : counter_mean(trace, first, last - 1, out, err);
  if (ok && out->watts > POWER_MOST_WATTS)
    return error_set(err, ERROR_INPUT, "the meter tells %.3g W, more than any device draws", out->watts);
  return ok;
}

/* ---- repeats */

/* 97.5 % quantile of Student's t, by degrees of freedom. */
static double student(size_t freedom) {
  static const double t[ENERGY_WINDOWS - 1] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
  return t[freedom - 1];
}

/* Mean, and half its interval. */
static void join(const double *values, size_t n, double reading_error, double *mean, double *error) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) sum += values[i];
  *mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) squares += (values[i] - *mean) * (values[i] - *mean);
  *error = hypot(student(n - 1) * sqrt(squares / (double)((n - 1) * n)), reading_error);
}

bool energy_mean(const struct energy_window *windows, size_t n, struct energy *out, struct error *err) {
  double gross[ENERGY_WINDOWS], net[ENERGY_WINDOWS], gross_error = 0, net_error = 0;
  double idle_watts = 0, seconds = 0, runs = 0;
  bool reacts = false;
  if (n < 2 || n > ENERGY_WINDOWS)
    return error_set(err, ERROR_INPUT, "%zu windows were measured; an interval needs 2 to %d", n, ENERGY_WINDOWS);
  for (size_t i = 0; i < n; i++) {
    const struct energy_window *w = &windows[i];
    if (!(w->seconds > 0) || !(w->runs > 0)) return error_set(err, ERROR_INPUT, "a window without a run of the op");
    double run_s = w->seconds / w->runs, idle = (w->before.watts + w->after.watts) / 2;
    double drift = fabs(w->before.watts - w->after.watts) / 2;
    double idle_error = drift + fmax(w->before.error, w->after.error);
    gross[i] = w->during.watts * run_s;
    net[i] = (w->during.watts - idle) * run_s;
    gross_error = fmax(gross_error, w->during.error * run_s);
    net_error = fmax(net_error, hypot(w->during.error, idle_error) * run_s);
    reacts |= fabs(w->during.watts - idle) > 1e-9 * idle || drift > 1e-9 * idle;
    idle_watts += idle;
    seconds += w->seconds;
    runs += w->runs;
  }
  idle_watts /= (double)n;
  if (!reacts)
    return error_set(err, ERROR_INPUT, "the meter reads %g W with load and without: it stands still", idle_watts);
  *out = (struct energy){.idle_watts = idle_watts, .run_s = seconds / runs, .windows = (unsigned)n};
  join(gross, n, gross_error, &out->gross, &out->gross_error);
  join(net, n, net_error, &out->net, &out->net_error);
  return true;
}
