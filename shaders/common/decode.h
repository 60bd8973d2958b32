/* The reference's decoding of weights, written anew, byte by byte, so that it shares no mistake with weights.glsl or
 * quantize.c. */
#ifndef DECODE_H
#define DECODE_H

#include <stdint.h>

#include "layout.h"

/* The 32 weights of a group of a row, and what each adds to the magnitude of a sum: |d code| + |z|, since a kernel may
 * sum the two parts apart. w, scales: the first row's; scales are not looked at for formats without. */
void decode_group(const struct layout *, const void *w, const void *scales, uint64_t row, uint64_t group,
                  double weight[WEIGHTS_GROUP], double magnitude[WEIGHTS_GROUP]);
/* For Freivalds' check: sum[0..k-1] = W' sign over n rows; returns the sum of the squared magnitudes. */
double decode_project(const struct layout *, const void *w, const void *scales, uint64_t n, uint64_t k,
                      const signed char *sign, double *sum);
/* Elements of a group that lie within k: the padding is not part of an op. */
int decode_count(uint64_t k, uint64_t group);

#endif
