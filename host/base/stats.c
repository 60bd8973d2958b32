#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

enum { RESAMPLES = 2000 };   /* the 2.5 % tail then rests on 50 of them */

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double sorted_quantile(const double *sorted, size_t n, double q) {
  double at = q * (double)(n - 1);
  size_t below = (size_t)at;
  if (below + 1 >= n) return sorted[n - 1];
  return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double stats_quantile(const double *values, size_t n, double q) {
  double *sorted = n ? malloc(n * sizeof *sorted) : NULL;
  if (!sorted) return NAN;
  memcpy(sorted, values, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, by_value);
  double result = sorted_quantile(sorted, n, q);
  free(sorted);
  return result;
}

double stats_median(const double *values, size_t n) { return stats_quantile(values, n, 0.5); }

struct sample { double value; uint32_t round; };

static int by_sample(const void *a, const void *b) {
  return by_value(&((const struct sample *)a)->value, &((const struct sample *)b)->value);
}

/* Median of the samples when round r counts times[r] times; sorted by value. */
static double weighted_median(const struct sample *sample, const uint32_t *times, size_t total) {
  size_t seen = 0, i = 0;
  for (; seen + times[sample[i].round] <= (total - 1) / 2; i++) seen += times[sample[i].round];
  double lower = sample[i].value;
  for (; seen + times[sample[i].round] <= total / 2; i++) seen += times[sample[i].round];
  return lower + (sample[i].value - lower) / 2;
}

/* Student's 97.5 % quantile: exact for 1 and 2 degrees, else the expansion in 1 / degrees of Abramowitz and Stegun
 * 26.7.5, off by less than 0.2 %. */
static double student(double degrees) {
  static const double term[] = {1.959964, 2.372272, 2.822499, 2.555845, 1.589537};   /* g1..g4 at the normal quantile */
  if (degrees < 2) return 12.706205;
  if (degrees < 3) return 4.302653;
  double sum = 0;
  for (size_t i = sizeof term / sizeof term[0]; i-- > 0;) sum = sum / degrees + term[i];
  return sum;
}

double stats_stretch(size_t n) {
  double degrees = (double)n - 1;
  return sqrt((double)n / degrees) * student(degrees) / 1.959964;
}

struct interval stats_bootstrap(const double *values, const uint32_t *round, size_t n, size_t rounds, uint64_t seed) {
  struct interval result = {-INFINITY, INFINITY};
  struct sample *sample = calloc(n + 1, sizeof *sample);
  uint32_t *held = calloc(rounds + 1, sizeof *held);    /* samples of each round */
  uint32_t *times = calloc(rounds + 1, sizeof *times);  /* how often a resample drew it */
  uint32_t *drawn = calloc(rounds + 1, sizeof *drawn);  /* the rounds that hold samples */
  double *medians = calloc(RESAMPLES, sizeof *medians);
  if (!sample || !held || !times || !drawn || !medians) goto done;

  for (size_t i = 0; i < n; i++) {
    sample[i] = (struct sample){values[i], round[i]};
    held[round[i]]++;
  }
  size_t full = 0;
  for (size_t r = 0; r < rounds; r++)
    if (held[r]) drawn[full++] = (uint32_t)r;
  if (full < 2) goto done;
  qsort(sample, n, sizeof *sample, by_sample);

  struct rng rng = rng_make(seed);
  for (size_t b = 0; b < RESAMPLES; b++) {
    memset(times, 0, rounds * sizeof *times);
    size_t total = 0;
    for (size_t i = 0; i < full; i++) {
      uint32_t r = drawn[rng_below(&rng, full)];
      times[r]++;
      total += held[r];
    }
    medians[b] = weighted_median(sample, times, total);
  }
  qsort(medians, RESAMPLES, sizeof *medians, by_value);
  double middle = stats_median(values, n), stretch = stats_stretch(full);
  result.lo = middle - stretch * (middle - sorted_quantile(medians, RESAMPLES, 0.025));
  result.hi = middle + stretch * (sorted_quantile(medians, RESAMPLES, 0.975) - middle);

done:
  free(sample);
  free(held);
  free(times);
  free(drawn);
  free(medians);
  return result;
}
