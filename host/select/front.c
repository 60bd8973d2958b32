#include "front.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "cover.h"

struct front_cost front_combine(const struct front_algebra *algebra, const struct front_cost *a,
                                const struct front_cost *b) {
  struct front_cost out = {{0}};
  for (size_t i = 0; i < algebra->n; i++)
    out.at[i] = i < algebra->n_sum ? a->at[i] + b->at[i] : a->at[i] > b->at[i] ? a->at[i] : b->at[i];
  return out;
}

int front_compare(const struct front_algebra *algebra, const struct front_cost *a, const struct front_cost *b) {
  for (size_t i = 0; i < algebra->n; i++)
    if (a->at[i] != b->at[i]) return a->at[i] < b->at[i] ? -1 : 1;
  return 0;
}

/* The largest sum of each coordinate is a whole number that a double holds, and none is below 0. */
static bool check_coord(size_t i, const struct front_cost *base, const struct front_slot *slots, size_t n_slots,
                        struct error *err) {
  double sum = (double)base->at[i];
  bool negative = base->at[i] < 0;
  for (size_t s = 0; s < n_slots; s++) {
    double most = 0;
    for (size_t o = 0; o < slots[s].n; o++) {
      negative |= slots[s].options[o].at[i] < 0;
      most = fmax(most, (double)slots[s].options[o].at[i]);
    }
    sum += most;
  }
  if (negative) return error_set(err, ERROR_INPUT, "a cost is negative");
  return sum <= ldexp(1, 53) || error_set(err, ERROR_UNSUPPORTED, "costs add up to %.3g, over 2^53", sum);
}

bool front_check(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots,
                 size_t n_slots, struct error *err) {
  if (algebra->n == 0 || algebra->n > FRONT_COORDS || algebra->n_sum > algebra->n)
    return error_set(err, ERROR_UNSUPPORTED, "%zu costs, %zu of them sums, are not what a front is made for",
                     algebra->n, algebra->n_sum);
  if (n_slots == 0) return error_set(err, ERROR_INPUT, "no decisions");
  for (size_t s = 0; s < n_slots; s++)
    if (slots[s].n == 0 || slots[s].n > FRONT_OPTIONS)
      return error_set(err, ERROR_UNSUPPORTED, "decision %zu has %zu options", s, slots[s].n);
  for (size_t i = 0; i < algebra->n; i++)
    if (!check_coord(i, base, slots, n_slots, err)) return false;
  return true;
}

static bool copy_points(const struct bound *bound, struct front *out, struct error *err) {
  const size_t n = bound_count(bound);
  out->points = calloc(n ? n : 1, sizeof *out->points);
  if (!out->points) return error_set(err, ERROR_MEMORY, "out of memory for a front of %zu points", n);
  out->n = n;
  for (size_t i = 0; i < n; i++) {
    out->points[i].cost = bound_cost(bound, i);
    bound_choice(bound, i, out->points[i].choice);
  }
  return true;
}

bool front_build(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots,
                 size_t n_slots, size_t max_points, struct front *out, struct error *err) {
  *out = (struct front){0};
  if (n_slots > FRONT_SLOTS)
    return error_set(err, ERROR_UNSUPPORTED, "%zu slots; an exact front takes %d", n_slots, FRONT_SLOTS);
  for (size_t s = 0; s < n_slots; s++)
    if (slots[s].n == 0) return true;
  const struct bound_slack exact = bound_exact();
  struct bound *bound = bound_build(algebra, base, slots, n_slots, &exact, max_points, err);
  const bool ok = bound && copy_points(bound, out, err);
  bound_free(bound);
  return ok;
}

static int by_choice(const void *a, const void *b) {
  return memcmp(((const struct front_point *)a)->choice, ((const struct front_point *)b)->choice, FRONT_SLOTS);
}

/* In choice order a row's index says which of equal ones is the first. */
bool front_prune(const struct front_algebra *algebra, struct front *front, struct error *err) {
  if (front->n == 0) return true;
  struct cover_row *rows = malloc(front->n * sizeof *rows);
  struct front_point *points = malloc(front->n * sizeof *points);
  size_t kept = 0;
  bool ok = rows && points;
  if (ok) {
    qsort(front->points, front->n, sizeof front->points[0], by_choice);
    for (size_t i = 0; i < front->n; i++) {
      memcpy(rows[i].at, front->points[i].cost.at, sizeof rows[i].at);
      rows[i].a = (uint32_t)i;
      rows[i].b = 0;
    }
    ok = cover_prune(rows, front->n, algebra->n, &kept);
  }
  for (size_t i = 0; ok && i < kept; i++) points[i] = front->points[rows[i].a];
  free(rows);
  if (!ok) {
    free(points);
    return error_set(err, ERROR_MEMORY, "out of memory for a front");
  }
  free(front->points);
  *front = (struct front){points, kept};
  return true;
}

void front_free(struct front *front) {
  free(front->points);
  *front = (struct front){0};
}
