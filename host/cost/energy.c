#include "energy.h"

#include <math.h>
#include <stdlib.h>

#include "fit.h"

static const double NS = 1e-9;

/* Watts in place of ns; what is drawn whatever is done counts as one launch. */
static struct fit_point power_of(const struct energy_point *p) {
  const double seconds = NS * p->ns;
  return (struct fit_point){.amount = {[FIT_LAUNCH] = 1, [FIT_BYTE] = p->bytes / seconds,
                                       [FIT_OPERATION] = p->flops / seconds},
                            .ns = p->joules / seconds, .unit = (long)p->unit};
}

/* Root mean square of log(predicted without its unit / measured); NAN: nothing could be left out. */
static double left_out_error(const struct fit_point *powers, size_t n, size_t n_units) {
  double sum = 0, predicted = 0;
  for (size_t unit = 0; unit < n_units; unit++) {
    struct fit fit;
    if (!fit_solve(powers, n, (long)unit, NULL, &fit)) continue;
    for (size_t i = 0; i < n; i++) {
      if (powers[i].unit != (long)unit) continue;
      sum += pow(log(fit_at(&fit, powers[i].amount) / powers[i].ns), 2);
      predicted++;
    }
  }
  const double error = sqrt(sum / predicted);
  return isfinite(error) ? error : NAN;
}

bool energy_fit_solve(const struct energy_point *points, size_t n, size_t n_units, struct energy_fit *out) {
  if (n < ENERGY_MIN_POINTS) return false;
  struct fit_point *powers = malloc(n * sizeof *powers);
  for (size_t i = 0; powers && i < n; i++) powers[i] = power_of(&points[i]);
  struct fit fit;
  const bool ok = powers && fit_solve(powers, n, FIT_NEVER, NULL, &fit);
  if (ok)
    *out = (struct energy_fit){.idle_watts = fit.ns[FIT_LAUNCH], .joules_per_byte = fit.ns[FIT_BYTE],
                               .joules_per_flop = fit.ns[FIT_OPERATION],
                               .error = left_out_error(powers, n, n_units), .n = n};
  free(powers);
  return ok;
}

double energy_fit_at(const struct energy_fit *fit, double bytes, double flops, double ns) {
  return fit->idle_watts * NS * ns + fit->joules_per_byte * bytes + fit->joules_per_flop * flops;
}
