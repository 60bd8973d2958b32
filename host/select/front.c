#include "front.h"

#include <stdlib.h>
#include <string.h>

struct front_cost front_combine(const struct front_algebra *algebra, const struct front_cost *a, const struct front_cost *b) {
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

bool front_covers(const struct front_algebra *algebra, const struct front_cost *a, const struct front_cost *b) {
  for (size_t i = 0; i < algebra->n; i++)
    if (a->at[i] > b->at[i]) return false;
  return true;
}

static bool append(struct front *front, size_t *capacity, size_t max_points, const struct front_point *point, struct error *err) {
  if (front->n == max_points)
    return error_set(err, ERROR_UNSUPPORTED, "more than %zu configurations are Pareto-optimal; "
                                             "set limits or leave techniques out", max_points);
  if (front->n == *capacity) {
    *capacity = *capacity ? 2 * *capacity : 64;
    struct front_point *grown = realloc(front->points, *capacity * sizeof *grown);
    if (!grown) return error_set(err, ERROR_MEMORY, "out of memory for a front of %zu points", *capacity);
    front->points = grown;
  }
  front->points[front->n++] = *point;
  return true;
}

/* Whatever covers a candidate comes before it in a sorted stream, so a point once kept stays: each candidate is only
 * tested against the points kept so far. What covered the last one often covers the next, so it is asked first. */
static bool is_covered(const struct front_algebra *algebra, const struct front *kept, const struct front_cost *cost, size_t *killer) {
  if (*killer < kept->n && front_covers(algebra, &kept->points[*killer].cost, cost)) return true;
  for (size_t i = kept->n; i-- > 0;)
    if (front_covers(algebra, &kept->points[i].cost, cost)) {
      *killer = i;
      return true;
    }
  return false;
}

/* Options that another of their slot covers can be in no point of the front; of equal ones the first stays. */
static size_t useful_options(const struct front_algebra *algebra, const struct front_slot *slot, struct front_cost *cost, uint8_t *index) {
  size_t n = 0;
  for (size_t o = 0; o < slot->n; o++) {
    bool covered = false;
    for (size_t other = 0; other < slot->n && !covered; other++)
      covered = other != o && front_covers(algebra, &slot->options[other], &slot->options[o])
             && (other < o || front_compare(algebra, &slot->options[other], &slot->options[o]) != 0);
    if (covered) continue;
    cost[n] = slot->options[o];
    index[n++] = (uint8_t)o;
  }
  return n;
}

/* front <- the uncovered sums of front and slot. */
static bool fold(const struct front_algebra *algebra, const struct front_slot *slot, size_t slot_index, size_t max_points,
                 struct front *front, struct error *err) {
  struct front_cost useful[FRONT_OPTIONS];
  uint8_t index[FRONT_OPTIONS];
  const struct front_slot trimmed = {useful, useful_options(algebra, slot, useful, index)};
  struct merge *stream = merge_open(algebra, front, &trimmed, err);
  if (!stream) return false;
  struct front kept = {0};
  size_t capacity = 0, killer = 0, point, option;
  struct front_cost cost;
  bool ok = true;
  while (ok && merge_next(stream, &cost, &point, &option)) {
    if (is_covered(algebra, &kept, &cost, &killer)) continue;
    struct front_point next = front->points[point];
    next.cost = cost;
    next.choice[slot_index] = index[option];
    ok = append(&kept, &capacity, max_points, &next, err);
  }
  merge_close(stream);
  front_free(front);
  *front = kept;
  return ok;
}

bool front_build(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots, size_t n_slots,
                 size_t max_points, struct front *out, struct error *err) {
  *out = (struct front){0};
  if (n_slots > FRONT_SLOTS || algebra->n > FRONT_COORDS || algebra->n_sum > algebra->n || algebra->n > algebra->n_sum + 1)
    return error_set(err, ERROR_UNSUPPORTED, "%zu slots of %zu + %zu costs are not what a front is made for", n_slots,
                     algebra->n_sum, algebra->n - algebra->n_sum);
  for (size_t s = 0; s < n_slots; s++)
    if (slots[s].n > FRONT_OPTIONS) return error_set(err, ERROR_UNSUPPORTED, "%zu options in one slot", slots[s].n);
  size_t capacity = 0;
  struct front_point start = {.cost = *base};
  bool ok = append(out, &capacity, max_points, &start, err);
  for (size_t s = 0; ok && s < n_slots; s++) ok = fold(algebra, &slots[s], s, max_points, out, err);
  if (!ok) front_free(out);
  return ok;
}

static int by_cost(const void *a, const void *b, void *algebra) {
  const struct front_point *p = a, *q = b;
  int order = front_compare(algebra, &p->cost, &q->cost);
  return order ? order : memcmp(p->choice, q->choice, sizeof p->choice);
}

void front_prune(const struct front_algebra *algebra, struct front *front) {
  struct front_algebra order = *algebra;
  if (front->n > 0) qsort_r(front->points, front->n, sizeof front->points[0], by_cost, &order);
  struct front kept = {front->points, 0};
  size_t killer = 0;
  for (size_t i = 0; i < front->n; i++)
    if (!is_covered(algebra, &kept, &front->points[i].cost, &killer)) kept.points[kept.n++] = front->points[i];
  front->n = kept.n;
}

void front_free(struct front *front) {
  free(front->points);
  *front = (struct front){0};
}
