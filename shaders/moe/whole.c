/* A check of the whole output, by Freivalds (1977), as for matmul: with random signs r, row i of y satisfies
 * y_i . r = sum over its slots of weight * x . (W_e' r). Each y_ij may be wrong by t sum |weight| |x| |w_j|, and signs
 * that do not depend on the errors give |sum of r_j e_ij| <= LAMBDA t sum |weight| |x| ||W_e||_F (triangle inequality)
 * but for 2 exp(-LAMBDA^2 / 2) of the draws (Hoeffding 1963). Only experts that the routing names are decoded. */
#include <math.h>
#include <stdlib.h>

#include "decode.h"
#include "moe.h"
#include "rng.h"
#include "room.h"
#include "tolerance.h"

enum { LAMBDA = 4 };

struct projection {
  const struct moe_shape *shape;
  const void *const *data;
  signed char *sign;                 /* r: n of them */
  double *expert[MOE_MAX_EXPERTS];   /* W_e' r: k of them; NULL until needed */
  double norm[MOE_MAX_EXPERTS];      /* ||W_e||_F of the magnitudes */
};

static const double *project(struct projection *p, uint64_t e) {
  const struct moe_shape *shape = p->shape;
  if (p->expert[e]) return p->expert[e];
  const char *w = (const char *)p->data[MOE_W] + e * shape->expert_bytes, *scales = NULL;
  if (shape->layout.scale_row) scales = (const char *)p->data[MOE_SCALES] + e * shape->expert_scale_bytes;
  double *sum = malloc(shape->k * sizeof *sum);
  if (sum) p->norm[e] = sqrt(decode_project(&shape->layout, w, scales, shape->n, shape->k, p->sign, sum));
  return p->expert[e] = sum;
}

/* Adds a slot's share to what a row of y should give, and to how far it may be from it; false without memory. */
static bool add_slot(struct projection *p, uint64_t slot, double *expected, double *norm) {
  const struct moe_shape *shape = p->shape;
  const float *pair = (const float *)p->data[MOE_ROUTING] + 2 * slot;
  const double *w = project(p, (uint64_t)pair[0]);
  if (!w) return false;
  uint64_t x_row = shape->down ? slot : slot / shape->topk;
  const float *x = (const float *)((const char *)p->data[MOE_X] + x_row * shape->layout.x_row);
  double weight = shape->down ? (double)pair[1] : 1, dot = 0, squares = 0;
  for (uint64_t e = 0; e < shape->k; e++) {
    dot += w[e] * (double)x[e];
    squares += (double)x[e] * (double)x[e];
  }
  *expected += weight * dot;
  *norm += fabs(weight) * sqrt(squares) * p->norm[(uint64_t)pair[0]];
  return true;
}

/* The row nearest to or farthest over its bound. */
static bool check_rows(struct projection *p, enum fill fill, const float *output, double *residual, double *bound) {
  const struct moe_shape *shape = p->shape;
  uint64_t rows = shape->tokens * shape->y_rows, slots = shape->down ? shape->topk : 1;
  double worst = -1;
  for (uint64_t i = 0; i < rows; i++, output += shape->n) {
    double expected = 0, found = 0, norm = 0;
    for (uint64_t slot = i * slots; slot < (i + 1) * slots; slot++)
      if (!add_slot(p, slot, &expected, &norm)) return false;
    for (uint64_t j = 0; j < shape->n; j++) found += p->sign[j] * (double)output[j];
    double terms = (double)shape->k + (shape->down ? (double)shape->topk + 1 : 0), difference = fabs(found - expected);
    double limit = fill == FILL_EXACT ? 0 : LAMBDA * tolerance_dot(terms, UNIT_F32, norm, UNIT_F32, norm);
    double ratio = limit > 0 ? difference / limit : difference > 0 ? INFINITY : 0;
    if (!isfinite(difference)) ratio = difference = INFINITY;
    if (ratio <= worst) continue;
    worst = ratio;
    *residual = difference;
    *bound = limit;
  }
  return true;
}

void moe_whole(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
               const void *const *data, const float *output, uint64_t seed, double *residual, double *bound) {
  struct moe_shape shape = moe_shape_of(kase, technique);
  struct projection p = {.shape = &shape, .data = data, .sign = malloc(shape.n)};
  struct rng rng = rng_make(seed);
  for (uint64_t j = 0; p.sign && j < shape.n; j++) p.sign[j] = rng_next(&rng) >> 63 ? 1 : -1;
  if (!p.sign || !check_rows(&p, fill, output, residual, bound)) {
    *residual = INFINITY;   /* memory ran out: not proved */
    *bound = 0;
  }
  for (size_t e = 0; e < MOE_MAX_EXPERTS; e++) free(p.expert[e]);
  free(p.sign);
}
