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
/* 95 % interval of the median of all samples: a percentile bootstrap (Efron 1979), each side then stretched by
 * stats_stretch. Whole rounds are redrawn, since neighbouring samples of a round share clocks, cache and temperature.
 * round[i] in [0, rounds) says where sample i was taken. With fewer than 2 rounds that hold samples the interval is
 * infinite. Deterministic for a seed. */
struct interval stats_bootstrap(const double *values, const uint32_t *round, size_t n, size_t rounds, uint64_t seed);

/* What a percentile bootstrap over n >= 2 independent things lacks in width when n is small: its variance is short by
 * (n - 1) / n, and it takes the normal quantile where Student's with n - 1 degrees belongs (Hesterberg 2015, "What
 * teachers should know about the bootstrap", The American Statistician 69(4), section 4.1 and the expanded percentile
 * interval of 5.1, there by other percentiles, which 5 rounds do not have). sqrt(n / (n - 1)) t / z: 1.58 for 5. */
double stats_stretch(size_t n);

#endif
