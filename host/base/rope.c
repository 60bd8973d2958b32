#include "rope.h"

#include <math.h>

void rope_angles(float *out, uint64_t position, uint64_t head, double theta) {
  for (uint64_t i = 0; i < head / 2; i++) {
    const double angle = (double)position * pow(theta, -2.0 * (double)i / (double)head);
    out[2 * i] = (float)cos(angle);
    out[2 * i + 1] = (float)sin(angle);
  }
}
