#include "supported.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"

/* The largest sum of each coordinate: what weights are relative to. */
static void find_scale(const struct front_algebra *algebra, const struct front_slot *slots, size_t n_slots,
                       double *scale) {
  for (size_t c = 0; c < algebra->n_sum; c++) {
    scale[c] = 1;
    for (size_t s = 0; s < n_slots; s++) {
      int64_t most = 0;
      for (size_t o = 0; o < slots[s].n; o++) {
        const int64_t cost = slots[s].options[o].at[c];
        most = cost > most ? cost : most;
      }
      scale[c] += (double)most;
    }
  }
}

static size_t cheapest(const struct front_slot *slot, const double *weight, size_t n_sum) {
  size_t best = 0;
  double least = INFINITY;
  for (size_t o = 0; o < slot->n; o++) {
    double cost = 0;
    for (size_t c = 0; c < n_sum; c++) cost += weight[c] * (double)slot->options[o].at[c];
    if (cost >= least) continue;
    least = cost;
    best = o;
  }
  return best;
}

static bool allocate(struct supported *out, size_t n_weights, size_t n_slots, struct error *err) {
  *out = (struct supported){.n_slots = n_slots, .points = malloc((n_weights + 1) * sizeof *out->points),
                            .choices = malloc((n_weights + 1) * n_slots + 1)};
  return (out->points && out->choices) || error_set(err, ERROR_MEMORY, "out of memory for %zu weightings", n_weights);
}

bool supported_build(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots,
                     size_t n_slots, size_t n_weights, uint64_t seed, struct supported *out, struct error *err) {
  *out = (struct supported){0};
  if (!front_check(algebra, base, slots, n_slots, err) || !allocate(out, n_weights, n_slots, err)) return false;
  double scale[FRONT_COORDS] = {0};
  find_scale(algebra, slots, n_slots, scale);
  struct rng rng = rng_make(seed);
  for (size_t w = 0; w < n_weights; w++) {
    double weight[FRONT_COORDS] = {0};
    for (size_t c = 0; c < algebra->n_sum; c++) weight[c] = (w ? pow(10, 6 * rng_uniform(&rng)) : 1) / scale[c];
    struct front_cost cost = *base;
    for (size_t s = 0; s < n_slots; s++) {
      const size_t o = cheapest(&slots[s], weight, algebra->n_sum);
      cost = front_combine(algebra, &cost, &slots[s].options[o]);
      out->choices[w * n_slots + s] = (uint8_t)o;
    }
    out->points[w] = (struct cover_row){.a = (uint32_t)w};
    memcpy(out->points[w].at, cost.at, sizeof cost.at);
  }
  return cover_prune(out->points, n_weights, algebra->n, &out->n)
      || error_set(err, ERROR_MEMORY, "out of memory for a front");
}

void supported_free(struct supported *supported) {
  free(supported->points);
  free(supported->choices);
  *supported = (struct supported){0};
}

/* How many times the slack `kept` is over `cost`, in the worst coordinate. */
static double times_over(const struct front_algebra *algebra, const int64_t *kept, const int64_t *cost,
                         const struct bound_slack *slack) {
  double most = 0;
  for (size_t c = 0; c < algebra->n; c++) {
    const double over = (double)(kept[c] - cost[c]), unit = slack->relative[c] * (double)cost[c] + slack->absolute[c];
    if (over > 0) most = fmax(most, over / unit);
  }
  return most;
}

double supported_gap(const struct supported *supported, const struct front_algebra *algebra, const struct bound *bound,
                     const struct bound_slack *slack) {
  double gap = 0;
  for (size_t i = 0; i < bound_count(bound); i++) {
    const struct front_cost cost = bound_cost(bound, i);
    double nearest = INFINITY;
    for (size_t s = 0; s < supported->n; s++)
      nearest = fmin(nearest, times_over(algebra, supported->points[s].at, cost.at, slack));
    gap = fmax(gap, nearest);
  }
  return gap;
}
