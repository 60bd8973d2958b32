/* The router's test data, and its choice in double precision.
 *
 * Ids are compared with ==. A kernel computes a score s (1 + e): softmax's e is the rounding of logit - top and exp's
 * (3 + 2 |x|) ULP; a sigmoid's t = exp(-|x|) enters numerator and denominator of one division. A sum of positive terms
 * is wrong relatively by no more than its worst term, and by its own additions. */
#include <math.h>

#include "operands.h"
#include "room.h"
#include "router.h"
#include "tolerance.h"

/* All equal; rising and falling, with scores from 1 down to exp(-60); two values by turns with one far above. */
static float extreme_logit(int64_t token, int64_t e, int64_t experts, int64_t huge) {
  float ramp = 60 * (float)e / (float)experts;
  switch (token % 4) {
    case 0: return -7;
    case 1: return ramp;
    case 2: return -ramp;
    default: return e == huge ? 60 : e % 2 ? -60 : 5;
  }
}

void router_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
                 void *const *data) {
  (void)technique;
  struct rng rng = rng_make(seed);
  float *logit = data[ROUTER_LOGITS];
  int64_t experts = kase->dim[ROUTER_EXPERTS];
  for (int64_t token = 0; token < kase->dim[ROUTER_TOKENS]; token++, logit += experts) {
    int64_t huge = (int64_t)rng_below(&rng, (uint64_t)experts);
    for (int64_t e = 0; e < experts; e++) {
      if (fill == FILL_RANDOM) logit[e] = 2 * operands_normal(&rng);
      else if (fill == FILL_EXACT) logit[e] = (float)rng_below(&rng, 9) - 4;   /* few values: ties at every rank */
      else logit[e] = extreme_logit(token, e, experts, huge);
    }
  }
}

/* What one token chose. */
struct choice {
  uint64_t id[ROUTER_MAX_TOPK];
  double weight[ROUTER_MAX_TOPK], bound[ROUTER_MAX_TOPK];
};

static void choose(const float *logit, uint64_t experts, uint64_t topk, struct choice *choice) {
  bool taken[256] = {false};
  for (uint64_t j = 0; j < topk; j++) {
    uint64_t best = experts;
    for (uint64_t e = 0; e < experts; e++)
      if (!taken[e] && (best == experts || logit[e] > logit[best])) best = e;
    taken[best] = true;
    choice->id[j] = best;
  }
}

static double score(double logit, double top, bool sigmoid, double *error) {
  if (!sigmoid) {
    *error = expm1(tolerance_exp(logit - top) + UNIT_F32 * fabs(logit - top));
    return exp(logit - top);
  }
  *error = expm1(2 * tolerance_exp(logit) + UNIT_F32 + tolerance_div());
  return 1 / (1 + exp(-logit));
}

static void weigh(const struct kernel_case *kase, const float *logit, struct choice *choice) {
  uint64_t experts = (uint64_t)kase->dim[ROUTER_EXPERTS], topk = (uint64_t)kase->dim[ROUTER_TOPK];
  bool sigmoid = kase->dim[ROUTER_SIGMOID] != 0, renormalise = kase->dim[ROUTER_RENORMALISE] != 0;
  double top = logit[choice->id[0]], error[ROUTER_MAX_TOPK], sum = 0, sum_error = 0;
  uint64_t terms = renormalise ? topk : sigmoid ? 0 : experts;
  for (uint64_t i = 0; i < terms; i++) {
    double term_error, term = score(logit[renormalise ? choice->id[i] : i], top, sigmoid, &term_error);
    sum += term;
    sum_error += term * term_error + 0x1p-126;   /* a term below the smallest normal number may become 0 */
  }
  if (sigmoid && renormalise) sum += (double)ROUTER_EPSILON;
  if (terms) sum_error = sum_error / sum + TOLERANCE_C * sqrt((double)terms + 1) * UNIT_F32 + tolerance_div();
  else sum = 1;
  for (uint64_t j = 0; j < topk; j++) {
    choice->weight[j] = score(logit[choice->id[j]], top, sigmoid, &error[j]) / sum;
    choice->bound[j] = choice->weight[j] * expm1(error[j] + sum_error + UNIT_F32) + 0x1p-126 / sum + 0x1p-126;
  }
}

void router_reference(const struct kernel_case *kase, const struct technique *technique, enum fill fill,
                      const void *const *data, const uint64_t *index, size_t n, double *value, double *bound) {
  (void)technique, (void)fill;
  uint64_t experts = (uint64_t)kase->dim[ROUTER_EXPERTS], topk = (uint64_t)kase->dim[ROUTER_TOPK], chosen = UINT64_MAX;
  struct choice choice = {0};
  for (size_t i = 0; i < n; i++) {
    uint64_t token = index[i] / (2 * topk), j = index[i] / 2 % topk;
    if (token != chosen) {
      const float *logit = (const float *)data[ROUTER_LOGITS] + token * experts;
      choose(logit, experts, topk, &choice);
      weigh(kase, logit, &choice);
      chosen = token;
    }
    value[i] = index[i] % 2 ? choice.weight[j] : (double)choice.id[j];
    bound[i] = index[i] % 2 ? choice.bound[j] : 0;
  }
}
