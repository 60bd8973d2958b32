#include "tolerance.h"

#include <math.h>

#include "fp16.h"

/* The smallest normal number: results below it may be flushed to zero. */
static const double denormal_floor = 0x1p-126;

double tolerance_dot(double k, double u, double magnitude, double u_out, double value) {
  return TOLERANCE_C * sqrt(k + 1) * u * magnitude + u_out * fabs(value) + denormal_floor;
}

double tolerance_f16_operand(double v) {
  static const double smallest_normal = 0x1p-14;
  double size = fabs(v);
  if (size < smallest_normal) return size;
  return (double)fp16_to_float(fp16_from_float((float)v)) == v ? 0 : 2 * UNIT_F16 * size;
}

double tolerance_exp(double x) { return (3 + 2 * fabs(x)) * 2 * UNIT_F32; }

double tolerance_div(void) { return 2.5 * 2 * UNIT_F32; }

double tolerance_inversesqrt(void) { return 2 * 2 * UNIT_F32; }
