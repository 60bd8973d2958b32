#include "drift.h"

#include <math.h>

#include "stats.h"

static const double DRIFT = 0.10;   /* as much as makes a row noisy */
enum { ROUNDS_MOST = 1000 };        /* a suite has no more (suite.c) */

/* The times that are known, in order. */
static uint32_t known(const double *times, uint32_t rounds, double out[2 * ROUNDS_MOST]) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < 2 * rounds && i < 2 * ROUNDS_MOST; i++)
    if (!isnan(times[i])) out[n++] = times[i];
  return n;
}

static double middle(const double *times, uint32_t rounds) {
  double all[2 * ROUNDS_MOST] = {0};
  return stats_median(all, known(times, rounds, all));
}

/* 0 where either is unknown. */
static double apart(double a, double b, double of) { return isnan(a) || isnan(b) ? 0 : fabs(a - b) / of; }

static double deviation(const double *times, double reference, uint32_t round) {
  double begin = times[2 * round], end = times[2 * round + 1];
  return fmax(apart(begin, end, reference), fmax(apart(begin, reference, reference), apart(end, reference, reference)));
}

bool drift_of_round(const double *times, uint32_t rounds, uint32_t round) {
  return deviation(times, middle(times, rounds), round) > DRIFT;
}

void drift_judge(const double *times, uint32_t rounds, struct drift *drift) {
  double all[2 * ROUNDS_MOST], reference = middle(times, rounds);
  uint32_t n = known(times, rounds, all);
  drift->first_ns = n ? all[0] : NAN;
  drift->last_ns = n ? all[n - 1] : NAN;
  drift->largest = n ? 0 : NAN;
  drift->rounds = drift->drifted = 0;
  for (uint32_t r = 0; r < rounds; r++) {
    if (isnan(times[2 * r]) && isnan(times[2 * r + 1])) continue;
    drift->rounds++;
    drift->drifted += drift_of_round(times, rounds, r);
    drift->largest = fmax(drift->largest, deviation(times, reference, r));
  }
}

bool drift_spoils(const double *times, uint32_t all_rounds, uint32_t rounds) {
  uint32_t drifted = 0;
  for (uint32_t r = 0; r < rounds && r < all_rounds; r++) drifted += drift_of_round(times, all_rounds, r);
  return drifted && 2 * drifted >= rounds;
}
