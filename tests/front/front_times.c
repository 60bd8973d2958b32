/* How long fronts of realistic size take, best and median of several runs: scripts/front-times builds and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "bound.h"
#include "instance.h"
#include "stats.h"
#include "supported.h"

enum { RUNS = 5, MOST = 2000000, WEIGHTINGS = 1000 };

/* Processor time of this process: the machine may be busy with others. */
static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_line(const char *name, size_t coords, const double *took, size_t n) {
  double best = took[0];
  for (int r = 1; r < RUNS; r++) best = took[r] < best ? took[r] : best;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%-25s %zu coordinates: %9.3f ms best, %9.3f ms median of %d, %zu points, process peak %.1f MB\n", name,
         coords, 1e3 * best, 1e3 * stats_median(took, RUNS), RUNS, n, (double)usage.ru_maxrss / 1e3);
}

static struct instance in;

static bool time_exact(const char *name) {
  double took[RUNS];
  size_t n = 0;
  for (int r = 0; r < RUNS; r++) {
    struct front front;
    struct error err = {0};
    const double start = seconds();
    if (!front_build(&in.algebra, &in.base, in.slots, in.n_slots, MOST, &front, &err)) {
      fprintf(stderr, "error: %s\n", err.text);
      return false;
    }
    took[r] = seconds() - start;
    n = front.n;
    front_free(&front);
  }
  print_line(name, in.algebra.n, took, n);
  return true;
}

static bool time_classes(size_t coords, uint64_t seed) {
  instance_classes(&in, coords, seed);
  return time_exact("9 classes x 6, exact");
}

static bool time_file(const char *name) {
  instance_file(&in, name);
  return time_exact(name);
}

/* 1 % in time, memory and energy; 1e-4 nats, a hundredth of the loss that a person may give up. */
static struct bound_slack one_percent(size_t coords) {
  struct bound_slack slack = bound_exact();
  for (size_t c = 0; c < coords; c++)
    if (c == 2) slack.absolute[c] = 1e5;
    else slack.relative[c] = 0.01;
  return slack;
}

static bool time_layers(size_t coords, uint64_t seed) {
  instance_layers(&in, coords, INSTANCE_LAYERS, seed);
  const struct bound_slack slack = one_percent(coords);
  double took[RUNS];
  size_t n = 0;
  for (int r = 0; r < RUNS; r++) {
    struct error err = {0};
    const double start = seconds();
    struct bound *bound = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, MOST, &err);
    if (!bound) {
      fprintf(stderr, "error: %s\n", err.text);
      return false;
    }
    took[r] = seconds() - start;
    n = bound_count(bound);
    bound_free(bound);
  }
  print_line("560 decisions x 6, 1.01", coords, took, n);
  return true;
}

static bool time_supported(size_t coords, uint64_t seed) {
  instance_layers(&in, coords, INSTANCE_LAYERS, seed);
  double took[RUNS];
  size_t n = 0;
  for (int r = 0; r < RUNS; r++) {
    struct supported found;
    struct error err = {0};
    const double start = seconds();
    if (!supported_build(&in.algebra, &in.base, in.slots, in.n_slots, WEIGHTINGS, seed, &found, &err)) {
      fprintf(stderr, "error: %s\n", err.text);
      return false;
    }
    took[r] = seconds() - start;
    n = found.n;
    supported_free(&found);
  }
  print_line("560 x 6, 1000 weightings", coords, took, n);
  return true;
}

int main(void) {
  static const char *const files[] = {"llama-3.1-8b.chat", "mixtral-8x7b.rag", "qwen2.5-vl-7b.describe"};
  static const size_t coords[] = {3, 4, 7};
  setvbuf(stdout, NULL, _IOLBF, 0);
  bool ok = true;
  for (size_t f = 0; ok && f < 3; f++) ok = time_file(files[f]);
  for (size_t c = 0; c < 3; c++)
    for (uint64_t seed = 1; ok && seed <= 3; seed++) ok = time_classes(coords[c], seed);
  for (size_t c = 0; ok && c < 2; c++) ok = time_supported(coords[c], 1);
  for (size_t c = 0; c < 2; c++)
    for (uint64_t seed = 1; ok && seed <= 2; seed++) ok = time_layers(coords[c], seed);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
