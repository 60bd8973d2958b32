#include "indicators.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- hypervolume: of a list, each point adds its box less what the points behind it cover of that */

static int by_last(const void *a, const void *b, void *coords) {
  const double *p = a, *q = b;
  for (size_t c = *(const size_t *)coords; c-- > 0;)
    if (p[c] != q[c]) return p[c] > q[c] ? -1 : 1;   /* the worst first: it limits the others the least */
  return 0;
}

static bool covers(const double *a, const double *b, size_t coords) {
  for (size_t c = 0; c < coords; c++)
    if (a[c] > b[c]) return false;
  return true;
}

/* Drops what another covers; of equal ones the first stays. */
static size_t keep_uncovered(double *at, size_t n, size_t coords) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    bool covered = false;
    for (size_t k = 0; k < kept && !covered; k++) covered = covers(at + k * coords, at + i * coords, coords);
    if (covered) continue;
    size_t left = 0;
    for (size_t k = 0; k < kept; k++)
      if (!covers(at + i * coords, at + k * coords, coords))
        memmove(at + left++ * coords, at + k * coords, coords * sizeof *at);
    memmove(at + left * coords, at + i * coords, coords * sizeof *at);
    kept = left + 1;
  }
  return kept;
}

/* Of two coordinates, points sorted by the second falling, uncovered: a staircase. */
static double area(const double *at, size_t n, const double *reference) {
  double sum = 0, top = reference[1];
  for (size_t i = 0; i < n; i++) {
    sum += (reference[0] - at[2 * i]) * (top - at[2 * i + 1]);
    top = at[2 * i + 1];
  }
  return sum;
}

static bool volume(double *at, size_t n, size_t coords, const double *reference, double *out);

/* What at[0] adds to all behind it: those are limited to its box. */
static bool exclusive(const double *at, size_t n, size_t coords, const double *reference, double *out) {
  double box = 1, shared = 0;
  for (size_t c = 0; c < coords; c++) box *= reference[c] - at[c];
  double *limited = n > 1 ? malloc((n - 1) * coords * sizeof *limited) : NULL;
  if (n > 1 && !limited) return false;
  for (size_t i = 1; i < n; i++)
    for (size_t c = 0; c < coords; c++) limited[(i - 1) * coords + c] = fmax(at[i * coords + c], at[c]);
  const bool ok = n <= 1 || volume(limited, keep_uncovered(limited, n - 1, coords), coords, reference, &shared);
  free(limited);
  *out = box - shared;
  return ok;
}

/* Sorted by the last coordinate falling, a point's box reaches deeper in it than no later one's: the others, limited to
 * the point, all have the point's own last coordinate, so that the last coordinate is a factor and the rest has one
 * less. */
static bool slices(const double *at, size_t n, size_t coords, const double *reference, double *out) {
  const size_t less = coords - 1;
  double *flat = malloc(n * less * sizeof *flat);
  if (!flat) return false;
  bool ok = true;
  *out = 0;
  for (size_t i = 0; i < n; i++)
    memcpy(flat + i * less, at + i * coords, less * sizeof *flat);
  for (size_t i = 0; ok && i < n; i++) {
    double part = 0;
    ok = exclusive(flat + i * less, n - i, less, reference, &part);
    *out += part * (reference[less] - at[i * coords + less]);
  }
  free(flat);
  return ok;
}

static bool volume(double *at, size_t n, size_t coords, const double *reference, double *out) {
  qsort_r(at, n, coords * sizeof *at, by_last, &coords);
  if (coords > 2) return slices(at, n, coords, reference, out);
  *out = area(at, n, reference);
  return true;
}

bool indicator_hypervolume(const struct indicator_set *set, const double *reference, double *out, struct error *err) {
  const size_t coords = set->coords;
  if (coords < 2 || coords > INDICATOR_COORDS || set->n > SIZE_MAX / sizeof(double) / coords - 1)
    return error_set(err, ERROR_UNSUPPORTED, "a hypervolume of %zu points of %zu coordinates", set->n, coords);
  double *at = malloc((set->n + 1) * coords * sizeof *at);
  size_t n = 0;
  for (size_t i = 0; at && i < set->n; i++) {
    bool below = true;
    for (size_t c = 0; c < coords; c++) below &= set->at[i * coords + c] < reference[c];
    if (below) memcpy(at + n++ * coords, set->at + i * coords, coords * sizeof *at);
  }
  const bool ok = at && volume(at, keep_uncovered(at, n, coords), coords, reference, out);
  free(at);
  return ok || error_set(err, ERROR_MEMORY, "out of memory for a hypervolume");
}

/* ---- distances to a reference set */

double indicator_epsilon(const struct indicator_set *set, const struct indicator_set *reference) {
  double most = -INFINITY;
  for (size_t r = 0; r < reference->n; r++) {
    double nearest = INFINITY;
    for (size_t i = 0; i < set->n; i++) {
      double worst = -INFINITY;
      for (size_t c = 0; c < set->coords; c++)
        worst = fmax(worst, set->at[i * set->coords + c] - reference->at[r * set->coords + c]);
      nearest = fmin(nearest, worst);
    }
    most = fmax(most, nearest);
  }
  return most;
}

double indicator_igd_plus(const struct indicator_set *set, const struct indicator_set *reference) {
  double sum = 0;
  for (size_t r = 0; r < reference->n; r++) {
    double nearest = INFINITY;
    for (size_t i = 0; i < set->n; i++) {
      double squares = 0;
      for (size_t c = 0; c < set->coords; c++) {
        const double worse = fmax(set->at[i * set->coords + c] - reference->at[r * set->coords + c], 0);
        squares += worse * worse;
      }
      nearest = fmin(nearest, squares);
    }
    sum += sqrt(nearest);
  }
  return sum / (double)reference->n;
}
