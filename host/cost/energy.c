#include "energy.h"

#include <math.h>
#include <stdlib.h>

#include "pool.h"

static const double NS = 1e-9;

/* Watts in place of ns; what is drawn whatever is done counts as one launch. */
static struct fit_point power_of(const struct energy_point *p) {
  const double seconds = NS * p->ns;
  return (struct fit_point){.amount = {[FIT_LAUNCH] = 1, [FIT_BYTE] = p->bytes / seconds, [FIT_OPERATION] = p->flops / seconds},
                            .ns = p->joules / seconds, .unit = (long)p->unit};
}

bool energy_fit_solve(const struct energy_point *points, size_t n, size_t n_units, struct energy_fit *out) {
  if (n < ENERGY_MIN_POINTS) return false;
  struct pool_member powers = {.points = malloc(n * sizeof *powers.points), .n = n, .left_out = malloc(n * sizeof *powers.left_out)};
  bool ok = powers.points && powers.left_out;
  for (size_t i = 0; ok && i < n; i++) powers.points[i] = power_of(&points[i]);
  ok = ok && pool_fit(&powers, 1, (long)n_units) && powers.fitted;
  if (ok)
    *out = (struct energy_fit){.idle_watts = powers.fit.ns[FIT_LAUNCH], .joules_per_byte = powers.fit.ns[FIT_BYTE],
                               .joules_per_flop = powers.fit.ns[FIT_OPERATION], .error = powers.error, .n = n};
  free(powers.points);
  free(powers.left_out);
  return ok;
}

double energy_fit_at(const struct energy_fit *fit, double bytes, double flops, double ns) {
  return fit->idle_watts * NS * ns + fit->joules_per_byte * bytes + fit->joules_per_flop * flops;
}
