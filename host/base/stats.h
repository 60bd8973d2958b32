/* Statistics of timings: order statistics and a bootstrap over rounds. */
#ifndef STATS_H
#define STATS_H

#include <stddef.h>
#include <stdint.h>

/* Quantile q in [0, 1] by linear interpolation between order statistics (Hyndman and Fan 1996, type 7); NAN when n == 0
 * or memory runs out. Does not change the values. */
double stats_quantile(const double *values, size_t n, double q);
double stats_median(const double *values, size_t n);

struct interval { double lo, hi; };
/* 95 % percentile bootstrap (Efron 1979) of the median of all samples. Whole rounds are redrawn, since
 * neighbouring samples of a round share clocks, cache and temperature. round[i] in [0, rounds) says where
 * sample i was taken. With fewer than 2 rounds that hold samples the interval is infinite. Deterministic for a seed. */
struct interval stats_bootstrap(const double *values, const uint32_t *round, size_t n, size_t rounds, uint64_t seed);

#endif
