#include "front.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cover.h"

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
 * tested against the points kept so far, and not in the first coordinate, which none of them has higher. */
struct sieve { struct cover_archive kept; size_t first, n; };

static bool sieve_open(struct sieve *sieve, const struct front_algebra *algebra, struct error *err) {
  sieve->first = algebra->n > 1 ? 1 : 0;
  sieve->n = algebra->n - sieve->first;
  return cover_archive_open(&sieve->kept, sieve->n) || error_set(err, ERROR_MEMORY, "out of memory for a front");
}

/* Of the next cost of the stream: *covered, or kept from now on. */
static bool sieve_pass(struct sieve *sieve, const struct front_cost *cost, bool *covered, struct error *err) {
  double at[FRONT_COORDS];
  for (size_t i = 0; i < sieve->n; i++) at[i] = (double)cost->at[sieve->first + i];
  *covered = cover_archive_holds(&sieve->kept, at);
  return *covered || cover_archive_add(&sieve->kept, at) || error_set(err, ERROR_MEMORY, "out of memory for a front");
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
  struct sieve sieve;
  size_t capacity = 0, point, option;
  struct front_cost cost;
  bool ok = sieve_open(&sieve, algebra, err), covered;
  while (ok && merge_next(stream, &cost, &point, &option)) {
    ok = sieve_pass(&sieve, &cost, &covered, err);
    if (!ok || covered) continue;
    struct front_point next = front->points[point];
    next.cost = cost;
    next.choice[slot_index] = index[option];
    ok = append(&kept, &capacity, max_points, &next, err);
  }
  cover_archive_close(&sieve.kept);
  merge_close(stream);
  front_free(front);
  *front = kept;
  return ok;
}

/* The largest sum of each coordinate is a whole number that a double holds, and none is below 0. */
static bool check_coord(size_t i, const struct front_cost *base, const struct front_slot *slots, size_t n_slots, struct error *err) {
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
  return sum <= COVER_MAX || error_set(err, ERROR_UNSUPPORTED, "costs add up to %.3g, over 2^53", sum);
}

bool front_check(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots, size_t n_slots,
                 struct error *err) {
  if (algebra->n == 0 || algebra->n > FRONT_COORDS || algebra->n_sum > algebra->n || algebra->n > algebra->n_sum + 1)
    return error_set(err, ERROR_UNSUPPORTED, "%zu + %zu costs are not what a front is made for", algebra->n_sum,
                     algebra->n - algebra->n_sum);
  for (size_t s = 0; s < n_slots; s++)
    if (slots[s].n > FRONT_OPTIONS) return error_set(err, ERROR_UNSUPPORTED, "%zu options in one slot", slots[s].n);
  for (size_t i = 0; i < algebra->n; i++)
    if (!check_coord(i, base, slots, n_slots, err)) return false;
  return true;
}

bool front_build(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots, size_t n_slots,
                 size_t max_points, struct front *out, struct error *err) {
  *out = (struct front){0};
  if (n_slots > FRONT_SLOTS) return error_set(err, ERROR_UNSUPPORTED, "%zu slots; an exact front takes %d", n_slots, FRONT_SLOTS);
  if (!front_check(algebra, base, slots, n_slots, err)) return false;
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

bool front_prune(const struct front_algebra *algebra, struct front *front, struct error *err) {
  struct front_algebra order = *algebra;
  if (front->n > 0) qsort_r(front->points, front->n, sizeof front->points[0], by_cost, &order);
  struct sieve sieve;
  size_t kept = 0;
  bool ok = sieve_open(&sieve, algebra, err), covered = false;
  for (size_t i = 0; ok && i < front->n; i++) {
    ok = sieve_pass(&sieve, &front->points[i].cost, &covered, err);
    if (ok && !covered) front->points[kept++] = front->points[i];
  }
  cover_archive_close(&sieve.kept);
  if (ok) front->n = kept;
  return ok;
}

void front_free(struct front *front) {
  free(front->points);
  *front = (struct front){0};
}
