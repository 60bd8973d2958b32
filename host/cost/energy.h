/* Joules of an op at any shape: J = P_idle t + e_byte bytes + e_op operations, fitted to the rows whose joules were
 * measured. Pure. TDP times time is never used. */
#ifndef ENERGY_H
#define ENERGY_H

#include <stdbool.h>
#include <stddef.h>

struct energy_point {
  double bytes, flops, ns, joules;   /* of one run; ns and joules > 0 */
  size_t unit;                       /* points of one unit are left out together: one shape, whatever its format */
};

struct energy_fit {
  double idle_watts;                 /* of a device that runs but moves and computes nothing: at least its idle power */
  double joules_per_byte, joules_per_flop;
  double error;                      /* leave-one-out, relative, root mean square; NAN unknown */
  size_t n;                          /* points it rests on */
};

enum { ENERGY_MIN_POINTS = 4 };      /* one more than there are coefficients, so that the fit can fail */

/* Coefficients >= 0 of least squared relative error. Divided by t the model is one of mean power, W = P_idle + e_byte
 * (bytes / t) + e_op (operations / t), with the same relative errors: fit_solve finds it. False with too few points, or
 * none that tell the terms apart. */
bool energy_fit_solve(const struct energy_point *, size_t n, size_t n_units, struct energy_fit *);
double energy_fit_at(const struct energy_fit *, double bytes, double flops, double ns);

#endif
