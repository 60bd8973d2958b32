#include "merge.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 2, 4 and 8 took 0.90, 0.75 and 0.82 s for 560 decisions of 3 coordinates, one run each on a busy machine: hardly a
 * difference. */
enum { LATELY = 4 };

/* A node of a, or behind those a single point; and a node of b. */
struct pair { float key; uint32_t a, b; };

struct merge {
  const struct merge_terms *terms;
  size_t n_coords, n_sum;
  struct cover_tree a, b;                /* a of a row: its index in the front */
  bool same;                             /* a is b: of two pairs that differ in order one is enough */
  float weight[FRONT_COORDS];            /* of a coordinate in the key: one over the largest cost */
  struct pair *queue;                    /* a binary heap, the least key first */
  size_t n, capacity;
  struct cover_archive reach;            /* of what is kept: the least that each point covers */
  int64_t lately[LATELY][FRONT_COORDS];  /* reaches that covered lately: what is asked next is often near */
  struct merge_front *out;
  struct error *err;
};

static bool no_memory(struct error *err) { return error_set(err, ERROR_MEMORY, "out of memory for a front"); }

/* Nodes and points of a front are told apart by 32 bits: of no front can there be more. */
enum { MOST_POINTS = UINT32_MAX / 4 };

bool merge_add(struct merge_front *front, const struct cover_row *point, size_t max_points, struct error *err) {
  if (front->n == max_points || front->n == MOST_POINTS)
    return error_set(err, ERROR_UNSUPPORTED, "more than %zu configurations are Pareto-optimal; set limits, give more "
                                             "slack or leave techniques out", front->n);
  if (front->n == front->capacity) {
    const size_t capacity = front->capacity ? 2 * front->capacity : 64;
    struct cover_row *grown = realloc(front->points, capacity * sizeof *grown);
    if (!grown) return no_memory(err);
    front->points = grown;
    front->capacity = capacity;
  }
  front->points[front->n++] = *point;
  return true;
}

bool merge_prune(struct merge_front *front, size_t n_coords, struct error *err) {
  if (!cover_prune(front->points, front->n, n_coords, &front->n)) return no_memory(err);
  const size_t n = front->n ? front->n : 1;
  struct cover_row *fitting = realloc(front->points, n * sizeof *fitting);   /* it is kept to the end */
  if (fitting) {
    front->points = fitting;
    front->capacity = n;
  }
  return true;
}

/* ---- what is covered */

/* Puts a reach first; those before `place` move back by one, what was there is forgotten. */
static void remember(struct merge *m, const int64_t *reach, size_t place) {
  int64_t first[FRONT_COORDS];
  memcpy(first, reach, sizeof first);
  memmove(m->lately[1], m->lately[0], place * sizeof m->lately[0]);
  memcpy(m->lately[0], first, sizeof first);
}

static bool is_covered(struct merge *m, const int64_t *sum) {
  int64_t found[FRONT_COORDS] = {0};
  for (size_t k = 0; k < LATELY; k++)
    if (cover_within(m->lately[k], sum, m->n_coords)) {
      remember(m, m->lately[k], k);
      return true;
    }
  if (!cover_archive_holds(&m->reach, sum, found)) return false;
  remember(m, found, LATELY - 1);
  return true;
}

/* The least whole cost whose slack reaches up to this one. Rounded so that it is never too low: one unit in the last
 * place is more than the division can be off by. */
static int64_t reach_of(const struct merge_terms *terms, size_t c, int64_t cost) {
  const double beyond = (double)cost - floor(terms->absolute[c]);
  if (beyond <= 0) return 0;
  if (terms->relative[c] <= 0) return (int64_t)beyond;
  const double reach = ceil(beyond / (1 + terms->relative[c]) * (1 + DBL_EPSILON));
  return reach < beyond ? (int64_t)reach : (int64_t)beyond;
}

static bool keep(struct merge *m, const struct cover_row *sum) {
  int64_t reach[FRONT_COORDS] = {0};
  for (size_t c = 0; c < m->n_coords; c++) reach[c] = reach_of(m->terms, c, sum->at[c]);
  if (!merge_add(m->out, sum, m->terms->max_points, m->err)) return false;
  if (!cover_archive_add(&m->reach, reach)) return no_memory(m->err);
  remember(m, reach, LATELY - 1);
  return true;
}

/* ---- pairs of nodes */

static const int64_t *corner(const struct cover_tree *of, size_t node) {
  const size_t nodes = 2 * of->n_leaves;
  return node < nodes ? of->low + node * of->n_coords : of->rows[node - nodes].at;
}

static bool may_help(struct merge *m, size_t a, size_t b, int64_t *low) {
  const int64_t *x = corner(&m->a, a), *y = corner(&m->b, b);
  for (size_t c = 0; c < m->n_coords; c++) low[c] = c < m->n_sum ? x[c] + y[c] : x[c] > y[c] ? x[c] : y[c];
  return cover_within(low, m->terms->room, m->n_coords) && !is_covered(m, low);
}

static bool push(struct merge *m, size_t a, size_t b) {
  int64_t low[FRONT_COORDS];
  if (!may_help(m, a, b, low)) return true;
  if (m->n == m->capacity) {
    const size_t capacity = m->capacity ? 2 * m->capacity : 256;
    struct pair *grown = realloc(m->queue, capacity * sizeof *grown);
    if (!grown) return no_memory(m->err);
    m->queue = grown;
    m->capacity = capacity;
  }
  float key = 0;
  for (size_t c = 0; c < m->n_coords; c++) key += m->weight[c] * (float)low[c];
  size_t at = m->n++;
  for (; at > 0 && m->queue[(at - 1) / 2].key > key; at = (at - 1) / 2) m->queue[at] = m->queue[(at - 1) / 2];
  m->queue[at] = (struct pair){key, (uint32_t)a, (uint32_t)b};
  return true;
}

static struct pair pop(struct merge *m) {
  const struct pair least = m->queue[0], last = m->queue[--m->n];
  size_t at = 0;
  for (size_t child = 1; child < m->n; child = 2 * at + 1) {
    if (child + 1 < m->n && m->queue[child + 1].key < m->queue[child].key) child++;
    if (m->queue[child].key >= last.key) break;
    m->queue[at] = m->queue[child];
    at = child;
  }
  m->queue[at] = last;
  return least;
}

/* A point of a with a leaf of b: 16 sums at once. As in cover.c a sign tells what a sum is over or short of. */
static bool merge_row(struct merge *m, const struct cover_row *a, size_t leaf) {
  int64_t sums[FRONT_COORDS][COVER_LEAF], out[COVER_LEAF] = {0};
  for (size_t c = 0; c < m->n_coords; c++) {
    const int64_t *b = m->b.leaf + (leaf * m->n_coords + c) * COVER_LEAF, x = a->at[c], room = m->terms->room[c];
    for (size_t i = 0; i < COVER_LEAF; i++) sums[c][i] = c < m->n_sum ? x + b[i] : x > b[i] ? x : b[i];
    for (size_t i = 0; i < COVER_LEAF; i++) out[i] |= room - sums[c][i];
  }
  for (size_t k = 0; k < LATELY; k++) {
    int64_t short_of[COVER_LEAF] = {0};
    for (size_t c = 0; c < m->n_coords; c++)
      for (size_t i = 0; i < COVER_LEAF; i++) short_of[i] |= sums[c][i] - m->lately[k][c];
    for (size_t i = 0; i < COVER_LEAF; i++) out[i] |= ~short_of[i];
  }
  for (size_t i = 0; i < COVER_LEAF; i++) {
    if (out[i] < 0) continue;
    struct cover_row sum = {.a = a->a, .b = m->b.rows[cover_tree_first(&m->b, leaf) + i].a};
    for (size_t c = 0; c < m->n_coords; c++) sum.at[c] = sums[c][i];
    if (!is_covered(m, sum.at) && !keep(m, &sum)) return false;
  }
  return true;
}

static bool push_rows(struct merge *m, size_t leaf_a, size_t b) {
  const size_t end = cover_tree_first(&m->a, leaf_a + 1);
  bool ok = true;
  for (size_t i = cover_tree_first(&m->a, leaf_a); ok && i < end; i++) ok = push(m, 2 * m->a.n_leaves + i, b);
  return ok;
}

static bool split(struct merge *m, size_t a, size_t b) {
  const size_t leaves_a = m->a.n_leaves, leaves_b = m->b.n_leaves;
  if (a >= 2 * leaves_a) return merge_row(m, &m->a.rows[a - 2 * leaves_a], b - leaves_b);
  if (a >= leaves_a && b >= leaves_b) return push_rows(m, a - leaves_a, b);
  if (a >= leaves_a) return push(m, a, 2 * b) && push(m, a, 2 * b + 1);
  if (b >= leaves_b) return push(m, 2 * a, b) && push(m, 2 * a + 1, b);
  return push(m, 2 * a, 2 * b) && push(m, 2 * a, 2 * b + 1) && ((m->same && a == b) || push(m, 2 * a + 1, 2 * b))
      && push(m, 2 * a + 1, 2 * b + 1);
}

/* ---- */

static bool plant(struct cover_tree *out, const struct merge_front *front, size_t n_coords) {
  struct cover_row *rows = malloc(front->n * sizeof *rows);
  if (!rows) return false;
  for (size_t i = 0; i < front->n; i++) {
    rows[i] = front->points[i];
    rows[i].a = (uint32_t)i;
  }
  return cover_tree_build(out, n_coords, rows, front->n);
}

/* No coordinate's unit shall decide which pair is the cheapest. */
static void weigh(struct merge *m) {
  for (size_t c = 0; c < m->n_coords; c++) {
    int64_t most = 1;
    for (size_t i = 0; i < m->a.n; i++) most = m->a.rows[i].at[c] > most ? m->a.rows[i].at[c] : most;
    for (size_t i = 0; i < m->b.n; i++) most = m->b.rows[i].at[c] > most ? m->b.rows[i].at[c] : most;
    m->weight[c] = 1 / (float)most;
  }
}

bool merge_fronts(const struct merge_terms *terms, const struct merge_front *a, const struct merge_front *b,
                  struct merge_front *out, struct error *err) {
  if (a->n == 0 || b->n == 0) return true;
  struct merge m = {.terms = terms, .n_coords = terms->algebra->n, .n_sum = terms->algebra->n_sum, .same = a == b,
                    .out = out, .err = err};
  for (size_t k = 0; k < LATELY; k++)
    for (size_t c = 0; c < FRONT_COORDS; c++) m.lately[k][c] = COVER_NONE;
  bool ok = plant(&m.a, a, m.n_coords) && plant(&m.b, b, m.n_coords) && cover_archive_open(&m.reach, m.n_coords);
  ok = ok || no_memory(err);
  if (ok) {
    weigh(&m);
    ok = push(&m, 1, 1);
  }
  while (ok && m.n > 0) {
    const struct pair least = pop(&m);
    int64_t low[FRONT_COORDS];
    if (may_help(&m, least.a, least.b, low)) ok = split(&m, least.a, least.b);
  }
  free(m.queue);
  cover_archive_close(&m.reach);
  cover_tree_free(&m.a);
  cover_tree_free(&m.b);
  return ok && merge_prune(out, m.n_coords, err);
}
