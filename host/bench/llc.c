#include "llc.h"

#include <math.h>

static const double CLEARLY = 1.25;   /* more than a row is off by that is not noisy */

uint64_t llc_knee(const uint64_t *bytes, const double *rate, size_t n) {
  if (n < 4) return 0;   /* two for the memory, two for the cache */
  double a = rate[n - 2], b = rate[n - 1], memory = fmax(a, b);
  if (!(memory < CLEARLY * fmin(a, b))) return 0;
  for (size_t i = n - 2; i-- > 1;)
    if (rate[i] > CLEARLY * memory && rate[i - 1] > CLEARLY * memory) return bytes[i];
  return 0;
}
