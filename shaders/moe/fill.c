/* Test data of the experts: activations and weights as for any matmul, and a routing under the case's load. */
#include <math.h>

#include "moe.h"
#include "operands.h"
#include "room.h"

/* Experts in the order of their popularity, which the seed decides. */
static void shuffle(struct rng *rng, uint64_t order[MOE_MAX_EXPERTS], uint64_t experts) {
  for (uint64_t i = 0; i < experts; i++) {
    uint64_t j = rng_below(rng, i + 1);
    order[i] = order[j];
    order[j] = i;
  }
}

static float routing_weight(struct rng *rng, enum fill fill, uint64_t slot, double score, double top) {
  static const float extreme[] = {1, 0x1p-20f, 0, 1, 0.5f};
  if (fill == FILL_EXACT) return (float)(1 + rng_below(rng, 2));   /* not 1 alone: that would hide a weight left out */
  if (fill == FILL_EXTREME) return extreme[slot % 5];
  return (float)exp(score - top);
}

/* Draws a token's experts without replacement by perturbed logits (Gumbel's trick; Kool et al. 2019, arXiv 1903.06059):
 * the topk largest of log p + noise, best first, as a router with such logits would choose them. */
static void route(struct rng *rng, const struct moe_shape *shape, enum fill fill, const uint64_t *order, uint64_t token,
                  float (*pair)[2]) {
  uint64_t loaded = moe_loaded_experts(shape);
  double score[MOE_MAX_EXPERTS], top = 0, sum = 0;
  for (uint64_t r = 0; r < loaded; r++) {
    double popularity = shape->load == LOAD_ZIPF ? -log((double)(r + 1)) : 0;
    score[r] = popularity - log(-log((double)(rng_below(rng, UINT64_C(1) << 32) * 2 + 1) * 0x1p-33));
  }
  for (uint64_t j = 0; j < shape->topk; j++) {
    uint64_t best = 0;
    for (uint64_t r = 1; r < loaded; r++)
      if (score[r] > score[best]) best = r;
    if (j == 0) top = score[best];
    pair[j][0] = (float)order[best];
    pair[j][1] = routing_weight(rng, fill, token * shape->topk + j, score[best], top);
    sum += (double)pair[j][1];
    score[best] = -INFINITY;
  }
  if (fill == FILL_RANDOM)
    for (uint64_t j = 0; j < shape->topk; j++) pair[j][1] = (float)((double)pair[j][1] / sum);
}

void moe_fill(const struct kernel_case *kase, const struct technique *technique, enum fill fill, uint64_t seed,
              void *const *data) {
  struct moe_shape shape = moe_shape_of(kase, technique);
  struct rng x_rng = rng_make(rng_derive(seed, MOE_X)), w_rng = rng_make(rng_derive(seed, MOE_W));
  struct rng rng = rng_make(rng_derive(seed, MOE_ROUTING));
  uint64_t order[MOE_MAX_EXPERTS];
  shuffle(&rng, order, shape.experts);
  float (*pair)[2] = data[MOE_ROUTING];
  for (uint64_t token = 0; token < shape.tokens; token++)
    route(&rng, &shape, fill, order, token, pair + token * shape.topk);
  operands_fill_x(&x_rng, &shape.layout, fill, shape.tokens * shape.x_rows, shape.k, data[MOE_X]);
  double terms = shape.down ? 2 * (double)shape.topk : 1;   /* slots of weight 1 or 2 */
  for (uint64_t e = 0; e < shape.experts; e++)
    operands_fill_w(&w_rng, &shape.layout, fill, shape.n, terms, (char *)data[MOE_W] + e * shape.expert_bytes,
                    shape.layout.scale_row ? (char *)data[MOE_SCALES] + e * shape.expert_scale_bytes : NULL);
}
