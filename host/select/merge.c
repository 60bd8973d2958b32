#include "merge.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 2, 4 and 8 took 0.90, 0.75 and 0.82 s for 560 decisions of 3 coordinates, one run each on a busy machine: hardly a
 * difference. */
enum { LATELY = 4 };
/* A longer queue orders no better than it costs: of 2^17, 2^18, 2^19, 2^20 and none 560 decisions of 4 coordinates and
 * seed 2 took 12.0, 8.5, 8.4 to 9.7, 11.3 and 12.0 s and 41, 33, 27, 33 and 38 MB, single runs on a busy machine. */
enum { MOST_PAIRS = 1 << 19 };

/* A point of a, and a node or a row of b's tree. */
struct pair { float key; uint32_t a, b; };

struct merge {
  const struct merge_terms *terms;
  size_t n_coords, n_sum;
  const struct merge_front *a;
  bool swapped;                             /* a is the second of the fronts */
  bool same;                                /* a is b: of two pairs that differ in order one is enough */
  struct cover_tree b;                      /* a of a row: its index in the front */
  struct cover_scale scale;                 /* of all sums */
  float weight[FRONT_COORDS];               /* of a coordinate in the key: no unit shall decide which is the cheapest */
  struct pair *queue;                       /* a binary heap, the least key first */
  size_t n, capacity;
  struct cover_archive reach;               /* of what is kept: the least that each point covers */
  uint16_t lately[LATELY][FRONT_COORDS];    /* reaches that covered lately, rounded up: what comes next is often near */
  size_t n_lately;
  struct merge_front *out;
  struct error *err;
};

static bool no_memory(struct error *err) { return error_set(err, ERROR_MEMORY, "out of memory for a front"); }

/* Nodes and points of a front are told apart by 32 bits: of no front can there be more. */
enum { MOST_POINTS = UINT32_MAX / 4 };

/* With room for one more; NULL: out of memory. */
static void *grown(void *items, size_t n, size_t *capacity, size_t size) {
  if (n < *capacity) return items;
  *capacity = *capacity ? 2 * *capacity : 64;
  return realloc(items, *capacity * size);
}

bool merge_add(struct merge_front *front, const struct cover_row *point, size_t max_points, struct error *err) {
  if (front->n == max_points || front->n == MOST_POINTS)
    return error_set(err, ERROR_UNSUPPORTED, "more than %zu configurations are Pareto-optimal; set limits, give more "
                                             "slack or leave techniques out", front->n);
  struct cover_row *points = grown(front->points, front->n, &front->capacity, sizeof *points);
  if (!points) return no_memory(err);
  front->points = points;
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

static void remember(struct merge *m, const int64_t *reach) {
  uint16_t *place = m->lately[m->n_lately++ % LATELY];
  for (size_t c = 0; c < m->n_coords; c++) place[c] = (uint16_t)-(-reach[c] >> m->scale.shift[c]);
}

static bool is_covered(struct merge *m, const int64_t *sum) {
  const int64_t *found = cover_archive_find(&m->reach, sum);
  if (found) remember(m, found);
  return found;
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
  remember(m, reach);
  return true;
}

/* ---- pairs */

static bool may_help(struct merge *m, size_t a, size_t b, int64_t *low) {
  const struct cover_row *row = cover_tree_row(&m->b, b);
  const int64_t *x = m->a->points[a].at, *y = row ? row->at : m->b.low + b * m->n_coords;
  for (size_t c = 0; c < m->n_coords; c++) low[c] = c < m->n_sum ? x[c] + y[c] : x[c] > y[c] ? x[c] : y[c];
  return cover_within(low, m->terms->room, m->n_coords) && !is_covered(m, low);
}

static bool push(struct merge *m, size_t a, size_t b, const int64_t *low) {
  struct pair *queue = grown(m->queue, m->n, &m->capacity, sizeof *queue);
  if (!queue) return no_memory(m->err);
  m->queue = queue;
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

static bool expand(struct merge *m, size_t a, size_t node);

/* Keeps a sum that helps, and puts a pair that may into the queue, or, where that is full, looks at it at once. */
static bool add(struct merge *m, size_t a, size_t b) {
  int64_t low[FRONT_COORDS] = {0};
  const struct cover_row *row = cover_tree_row(&m->b, b);
  if ((row && m->same && row->a < a) || !may_help(m, a, b, low)) return true;
  if (!row) return m->n < MOST_PAIRS ? push(m, a, b, low) : expand(m, a, b);
  struct cover_row sum = {.a = m->swapped ? row->a : (uint32_t)a, .b = m->swapped ? (uint32_t)a : row->a};
  memcpy(sum.at, low, sizeof low);
  return keep(m, &sum);
}

/* The sums with a group, or the least that they can be, in 15 bits. As in cover.c a sign tells what a sum is over or
 * short of. A lane without a member is over the room, which is under COVER_NONE, or overflows. */
static uint64_t group_left(const struct merge *m, const int64_t *a, const union cover_lanes *group) {
  union cover_lanes low[FRONT_COORDS], out = {0};
  for (size_t c = 0; c < m->n_coords; c++) {
    const uint16_t x = (uint16_t)(a[c] >> m->scale.shift[c]);
    const union cover_lanes more = {x > group[c].at};
    low[c].at = c < m->n_sum ? x + group[c].at : (more.at & x) | (~more.at & group[c].at);
    out.at |= (COVER_NONE - 1 - low[c].at) | low[c].at;
  }
  for (size_t k = 0; k < LATELY; k++) {
    union cover_lanes short_of = {0};
    for (size_t c = 0; c < m->n_coords; c++) short_of.at |= low[c].at - m->lately[k][c];
    out.at |= ~short_of.at;
  }
  return cover_hits(&out);
}

static bool expand(struct merge *m, size_t a, size_t node) {
  bool ok = true;
  uint64_t hits = group_left(m, m->a->points[a].at, m->b.group + node * m->n_coords);
  for (; ok && hits; hits &= hits - 1) ok = add(m, a, node * COVER_LANES + cover_lane(hits));
  return ok;
}

/* ---- */

static bool plant(struct merge *m, const struct merge_front *b) {
  struct cover_row *rows = malloc(b->n * sizeof *rows);
  if (!rows) return no_memory(m->err);
  for (size_t i = 0; i < b->n; i++) {
    rows[i] = b->points[i];
    rows[i].a = (uint32_t)i;
  }
  return cover_tree_build(&m->b, &m->scale, rows, b->n) || no_memory(m->err);
}

static void open(struct merge *m, const struct merge_front *b) {
  int64_t most[FRONT_COORDS] = {0};
  for (size_t c = 0; c < m->n_coords; c++) {
    const int64_t x = cover_most(m->a->points, m->a->n, c), y = cover_most(b->points, b->n, c);
    most[c] = c < m->n_sum ? x + y : x > y ? x : y;
    m->weight[c] = 1 / (float)(most[c] + 1);
    for (size_t k = 0; k < LATELY; k++) m->lately[k][c] = COVER_NONE;
  }
  m->scale = cover_scale_to(m->n_coords, most);
  cover_archive_open(&m->reach, &m->scale);
}

static bool merge_into(struct merge *m, const struct merge_front *b) {
  open(m, b);
  bool ok = plant(m, b);
  for (size_t i = 0; ok && i < m->a->n; i++) ok = add(m, i, 0);
  while (ok && m->n > 0) {
    const struct pair least = pop(m);
    int64_t low[FRONT_COORDS];
    if (may_help(m, least.a, least.b, low)) ok = expand(m, least.a, least.b);
  }
  free(m->queue);
  cover_archive_close(&m->reach);
  cover_tree_free(&m->b);
  return ok;
}

/* The smaller one is the tree: the points of the larger come in order one by one. The other way round nine classes of
 * seven coordinates took 160 instead of 118 ms, 560 decisions of four 4.5 instead of 3.6 s. */
bool merge_fronts(const struct merge_terms *terms, const struct merge_front *a, const struct merge_front *b,
                  struct merge_front *out, struct error *err) {
  if (a->n == 0 || b->n == 0) return true;
  struct merge m = {.terms = terms, .n_coords = terms->algebra->n, .n_sum = terms->algebra->n_sum, .same = a == b,
                    .swapped = a->n < b->n, .out = out, .err = err};
  m.a = m.swapped ? b : a;
  return merge_into(&m, m.swapped ? a : b) && merge_prune(out, m.n_coords, err);
}
