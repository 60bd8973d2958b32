/* Test data of anything times weights, in the layout of layout.h. RANDOM makes codes and scales directly, without
 * quantising anything: whole words at a time, since a full suite fills tens of gigabytes. */
#ifndef OPERANDS_H
#define OPERANDS_H

#include <stdint.h>

#include "kernel.h"
#include "layout.h"
#include "rng.h"

/* `rows` rows of k activations, padded with zeros. */
void operands_fill_x(struct rng *, const struct layout *, enum fill, uint64_t rows, uint64_t k, float *x);

/* n rows of weights; scales (NULL for formats without) take layout_scale_bytes. terms: how many times the sum over one
 * row EXACT data has to leave room for, because the op multiplies such sums or adds them up. */
void operands_fill_w(struct rng *, const struct layout *, enum fill, uint64_t n, double terms, void *w, void *scales);

/* Nearly normal, mean 0, deviation 1. */
float operands_normal(struct rng *);

#endif
