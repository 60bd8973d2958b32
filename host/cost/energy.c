#include "energy.h"

#include <math.h>
#include <stdlib.h>

#include "fit.h"

static const double NS = 1e-9;

static struct fit_point power_of(const struct energy_point *p) {
  const double seconds = NS * p->ns;
  return (struct fit_point){.bytes = p->bytes / seconds, .flops = p->flops / seconds, .ns = p->joules / seconds,
                            .unit = p->unit};
}

bool energy_fit_solve(const struct energy_point *points, size_t n, size_t n_units, struct energy_fit *out) {
  struct fit_point *powers = n < ENERGY_MIN_POINTS ? NULL : malloc(n * sizeof *powers);
  if (!powers) return false;
  for (size_t i = 0; i < n; i++) powers[i] = power_of(&points[i]);
  struct fit fit;
  bool ok = fit_solve(powers, n, FIT_ALL, &fit);
  if (ok)
    *out = (struct energy_fit){.idle_watts = fit.latency_ns, .joules_per_byte = fit.ns_per_byte,
                               .joules_per_flop = fit.ns_per_flop, .error = fit_leave_one_out(powers, n, n_units),
                               .n = n};
  free(powers);
  return ok;
}

double energy_fit_at(const struct energy_fit *fit, double bytes, double flops, double ns) {
  return fit->idle_watts * NS * ns + fit->joules_per_byte * bytes + fit->joules_per_flop * flops;
}
