#include "tolerance.h"

#include <math.h>

/* The smallest normal number: results below it may be flushed to zero. */
static const double denormal_floor = 0x1p-126;

double tolerance_dot(double k, double u, double magnitude, double u_out, double value) {
  return TOLERANCE_C * sqrt(k + 1) * u * magnitude + u_out * fabs(value) + denormal_floor;
}

double tolerance_exp(double x) { return (3 + 2 * fabs(x)) * 2 * UNIT_F32; }

double tolerance_div(void) { return 2.5 * 2 * UNIT_F32; }

double tolerance_inversesqrt(void) { return 2 * 2 * UNIT_F32; }
