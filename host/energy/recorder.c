#include "recorder.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "platform.h"

/* Twice as often as the counter of NVML moves at best (20 ms, nvml.c): the moment of a step is then known to half of
 * that, which is 0.4 % of a window of 5 s. */
static const long PERIOD_NS = 10 * 1000 * 1000;
enum { MOST = 1 << 20 };   /* readings: three hours */

struct recorder {
  struct meter *meter;
  thrd_t thread;
  atomic_bool stop;
  struct reading *readings;
  size_t n, capacity;
  struct error error;
};

static double now(void) { return 1e-9 * (double)platform_clock_ns(); }

static bool take(struct recorder *recorder) {
  if (recorder->n == recorder->capacity) {
    size_t wanted = recorder->capacity ? 2 * recorder->capacity : 4096;
    struct reading *grown = wanted <= MOST ? realloc(recorder->readings, wanted * sizeof *grown) : NULL;
    if (!grown) return error_set(&recorder->error, ERROR_MEMORY, "out of memory for %zu readings", wanted);
    recorder->readings = grown;
    recorder->capacity = wanted;
  }
  double value, before = now();
  if (!meter_read(recorder->meter, &value, &recorder->error)) return false;
  recorder->readings[recorder->n++] = (struct reading){(before + now()) / 2, value};
  return true;
}

static int record(void *of) {
  struct recorder *recorder = of;
  struct timespec period = {0, PERIOD_NS};
  while (take(recorder) && !atomic_load(&recorder->stop)) thrd_sleep(&period, NULL);
  return 0;
}

struct recorder *recorder_start(struct meter *meter, struct error *err) {
  struct recorder *recorder = calloc(1, sizeof *recorder);
  if (recorder) recorder->meter = meter;
  if (recorder && thrd_create(&recorder->thread, record, recorder) == thrd_success) return recorder;
  free(recorder);
  error_set(err, ERROR_MEMORY, "no thread can be started to read the meter");
  return NULL;
}

bool recorder_stop(struct recorder *recorder, struct trace *trace, struct error *err) {
  *trace = (struct trace){0};
  if (!recorder) return false;
  atomic_store(&recorder->stop, true);
  thrd_join(recorder->thread, NULL);
  bool ok = recorder->error.kind == ERROR_NONE;
  if (ok)
    *trace = (struct trace){recorder->readings, recorder->n, meter_unit(recorder->meter), meter_lag(recorder->meter)};
  else {
    *err = recorder->error;
    free(recorder->readings);
  }
  free(recorder);
  return ok;
}
