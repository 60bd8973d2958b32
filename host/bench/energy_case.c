#include "energy_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "execute.h"
#include "meter.h"
#include "recorder.h"
#include "rng.h"

/* Of submissions under load: long against the gap between two of them (tens of microseconds), short against a
 * window. */
static const double SUBMISSION_S = 0.1;
/* Loads begin at a random phase of this: the period of NVIDIA's part-time sensors (host/energy/nvml.c). */
static const double PHASE_S = 0.1;

struct span { double begin, end; };
struct schedule {
  struct span idle[ENERGY_REPEATS + 1], load[ENERGY_REPEATS];
  double runs[ENERGY_REPEATS];
};

static void wait_for(double seconds) {
  struct timespec left = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
  while (thrd_sleep(&left, &left) == -1) continue;   /* a signal came */
}

/* A device keeps its clocks up for a while after a load. */
static struct span rest(double lag_s) {
  wait_for(ENERGY_SETTLE_S);
  double begin = rig_now();
  wait_for(ENERGY_IDLE_S + lag_s);
  return (struct span){begin, rig_now()};
}

static bool load(struct execution *ex, const struct job *job, double seconds, struct span *span, double *runs,
                 struct error *err) {
  const double wanted = 1e9 * SUBMISSION_S / fmax(job->op_ns, 1);
  const uint32_t repeat = wanted < 1 ? 1 : wanted > 1e6 ? 1000000 : (uint32_t)wanted;
  const size_t batch = execution_batch(ex, job->op_ns);
  uint32_t first = 0;
  span->begin = rig_now();
  for (*runs = 0; (span->end = rig_now()) < span->begin + seconds; *runs += repeat, first += repeat) {
    struct gpu_time ignored;
    if (!execution_run(ex, first, repeat, batch, &ignored, err)) return false;
  }
  return true;
}

static bool follow_schedule(struct execution *ex, const struct job *job, double lag_s, struct schedule *schedule,
                            struct error *err) {
  struct rng rng = rng_make(job->seed);
  schedule->idle[0] = rest(lag_s);
  for (int r = 0; r < ENERGY_REPEATS; r++) {
    wait_for(PHASE_S * rng_uniform(&rng));
    if (!load(ex, job, ENERGY_LOAD_S + lag_s, &schedule->load[r], &schedule->runs[r], err)) return false;
    schedule->idle[r + 1] = rest(lag_s);
  }
  return true;
}

static bool evaluate(const struct trace *trace, const struct schedule *schedule, struct energy *energy,
                     struct error *err) {
  struct power idle[ENERGY_REPEATS + 1];
  struct energy_window windows[ENERGY_REPEATS];
  for (int i = 0; i <= ENERGY_REPEATS; i++)
    if (!power_mean(trace, schedule->idle[i].begin, schedule->idle[i].end, &idle[i], err))
      return error_prefix(err, "idle: ");
  for (int r = 0; r < ENERGY_REPEATS; r++) {
    const struct span *span = &schedule->load[r];
    windows[r] = (struct energy_window){.before = idle[r], .after = idle[r + 1], .seconds = span->end - span->begin,
                                        .runs = schedule->runs[r]};
    if (!power_mean(trace, span->begin, span->end, &windows[r].during, err)) return error_prefix(err, "load: ");
  }
  return energy_mean(windows, ENERGY_REPEATS, energy, err);
}

static void take_energy(const struct energy *from, const struct meter *meter, struct result_energy *to) {
  *to = (struct result_energy){.gross = from->gross, .gross_error = from->gross_error, .net = from->net,
                               .net_error = from->net_error, .idle_watts = from->idle_watts,
                               .run_ns = 1e9 * from->run_s, .windows = from->windows};
  snprintf(to->meter, sizeof to->meter, "%s", meter_name(meter));
}

/* Reads the meter beside the schedule. What the device fails in is err's, what the meter fails in the answer's
 * reason. */
static bool measure(struct execution *ex, const struct job *job, struct meter *meter, struct answer *answer,
                    struct error *err) {
  struct error why = {0};
  struct schedule schedule;
  struct trace trace;
  struct energy energy;
  struct recorder *recorder = recorder_start(meter, err);
  if (!recorder) return false;
  bool ran = follow_schedule(ex, job, meter_lag(meter), &schedule, err);
  bool read = recorder_stop(recorder, &trace, &why) && ran && evaluate(&trace, &schedule, &energy, &why);
  free(trace.readings);
  if (ran && read) take_energy(&energy, meter, &answer->energy);
  else snprintf(answer->reason, sizeof answer->reason, "%.200s: %.300s", meter_name(meter), why.text);
  return ran;
}

static bool check_output(struct execution *ex, const struct job *job, struct answer *answer, struct error *err) {
  const uint64_t n = ex->tensors.tensor[ex->output].bytes / 4;
  struct gpu_time ignored;
  float *output = malloc(n * sizeof *output);
  if (!output) return error_set(err, ERROR_MEMORY, "out of memory for the output");
  bool ok = execution_poison(ex, err) && execution_run(ex, 0, 1, execution_batch(ex, job->op_ns), &ignored, err) &&
            execution_output(ex, output, err);
  if (ok && execution_hash(output, n) != job->hash) {
    answer->status = STATUS_WRONG;
    snprintf(answer->reason, sizeof answer->reason, "after %d s of load it left another output than the verified run",
             ENERGY_LOAD_S * ENERGY_REPEATS);
  }
  free(output);
  return ok;
}

static bool measure_with(struct rig *rig, const struct job *job, struct meter *meter, struct answer *answer,
                         struct error *err) {
  const struct technique *technique = technique_of(job->kase.family, job->variant);
  const struct dataset *data = rig_data(rig, &job->kase, technique, FILL_RANDOM, job->seed, err);
  if (!data) return false;
  rig_begin_round(rig, job->round);
  const uint32_t copies = execution_copies(&job->kase, &data->tensors, gpu_caps(rig->gpu), job->llc_bytes);
  struct execution *ex = execution_create(rig->gpu, rig->pipelines, &job->kase, job->variant, job->tuning,
                                          job->min_windows, copies, &rig->arena, err);
  bool ok = ex && execution_load(ex, data, err) && measure(ex, job, meter, answer, err) &&
            check_output(ex, job, answer, err);
  execution_destroy(ex);
  return ok;
}

bool energy_case(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  const struct meter_place place = meter_place_here();
  struct meter *meter = meter_open(gpu_caps(rig->gpu), &place, err);
  bool ok = meter && measure_with(rig, job, meter, answer, err);
  meter_close(meter);
  return ok;
}
