#include "cover.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups */

int64_t cover_most(const struct cover_row *rows, size_t n, size_t c) {
  int64_t most = 0;
  for (size_t i = 0; i < n; i++) most = rows[i].at[c] > most ? rows[i].at[c] : most;
  return most;
}

struct cover_scale cover_scale_to(size_t n_coords, const int64_t *most) {
  struct cover_scale scale = {.n_coords = n_coords};
  for (size_t c = 0; c < n_coords; c++)
    while (most[c] >> scale.shift[c] >= COVER_NONE) scale.shift[c]++;
  return scale;
}

static void groups_clear(union cover_lanes *groups, size_t n, size_t n_coords) {
  for (size_t i = 0; i < n * n_coords; i++) groups[i].at = (union cover_lanes){0}.at + COVER_NONE;
}

/* As number i, of all that the groups hold. */
static void groups_put(union cover_lanes *groups, const struct cover_scale *scale, size_t i, const int64_t *at) {
  union cover_lanes *group = groups + i / COVER_LANES * scale->n_coords;
  for (size_t c = 0; c < scale->n_coords; c++) group[c].at[i % COVER_LANES] = (uint16_t)(at[c] >> scale->shift[c]);
}

struct question { const int64_t *limit; size_t n_coords; uint16_t rounded[COVER_COORDS]; };

/* The sign of limit - at tells whether a member is over; signs of all coordinates meet by or. */
static uint64_t group_ask(const struct question *q, const union cover_lanes *group) {
  union cover_lanes over = {0};
  for (size_t c = 0; c < q->n_coords; c++) over.at |= q->rounded[c] - group[c].at;
  return cover_hits(&over);
}

/* ---- building a tree */

/* Quickselect (Hoare 1961): rows[0..k) are <= rows[k..n) in coordinate c. */
static void split_rows(struct cover_row *rows, size_t n, size_t k, size_t c) {
  size_t from = 0, to = n;
  while (to - from > 1) {
    const int64_t pivot = rows[from + (to - from) / 2].at[c];
    size_t i = from, j = to - 1;
    for (;;) {
      while (rows[i].at[c] < pivot) i++;
      while (rows[j].at[c] > pivot) j--;
      if (i >= j) break;
      const struct cover_row keep = rows[i];
      rows[i++] = rows[j];
      rows[j--] = keep;
    }
    if (k <= i) to = i;   /* rows below i are <= pivot, from i on >= pivot */
    else from = i == j ? i + 1 : i;
    if (k == from || k == to) return;
  }
}

/* The coordinate that is widest by ratio, which no unit changes: a nanosecond and a byte have no common width. */
static size_t widest_coord(const struct cover_row *rows, size_t n, size_t n_coords, int64_t *lowest) {
  int64_t high[COVER_COORDS];
  memcpy(lowest, rows[0].at, n_coords * sizeof *lowest);
  memcpy(high, rows[0].at, sizeof high);
  for (size_t i = 1; i < n; i++)
    for (size_t c = 0; c < n_coords; c++) {
      const int64_t at = rows[i].at[c];
      lowest[c] = at < lowest[c] ? at : lowest[c];
      high[c] = at > high[c] ? at : high[c];
    }
  size_t widest = 0;
  double most = 0;
  for (size_t c = 0; c < n_coords; c++) {
    const double ratio = ((double)high[c] + 1) / ((double)lowest[c] + 1);
    if (ratio <= most) continue;
    most = ratio;
    widest = c;
  }
  return widest;
}

static size_t first_row(const struct cover_tree *tree, size_t leaf) { return tree->n * leaf / tree->n_leaves; }

/* Of the leaves first .. first + n_leaves - 1. */
static void build_node(struct cover_tree *tree, size_t node, size_t first, size_t n_leaves) {
  const size_t n_coords = tree->scale->n_coords, from = first_row(tree, first);
  const size_t n = first_row(tree, first + n_leaves) - from;
  struct cover_row *rows = tree->rows + from;
  const size_t widest = widest_coord(rows, n, n_coords, tree->low + node * n_coords);
  if (n_leaves == 1) {
    for (size_t i = 0; i < n; i++) groups_put(tree->group, tree->scale, node * COVER_LANES + i, rows[i].at);
    return;
  }
  const size_t half = n_leaves / 2;
  split_rows(rows, n, first_row(tree, first + half) - from, widest);
  build_node(tree, 2 * node, first, half);
  build_node(tree, 2 * node + 1, first + half, half);
}

/* Levels are three apart up from the leaves; the highest of under 8 nodes are in group 0. */
static void build_groups(struct cover_tree *tree) {
  const size_t n_coords = tree->scale->n_coords;
  for (size_t first = tree->n_leaves; first > 0; first /= COVER_LANES)
    for (size_t v = first; v < 2 * first; v++) groups_put(tree->group, tree->scale, v, tree->low + v * n_coords);
  memcpy(tree->low, tree->low + n_coords, n_coords * sizeof *tree->low);
}

bool cover_tree_build(struct cover_tree *tree, const struct cover_scale *scale, struct cover_row *rows, size_t n) {
  size_t leaves = 1;
  while (leaves * COVER_LANES < n) leaves *= 2;
  *tree = (struct cover_tree){.scale = scale, .n = n, .n_leaves = leaves, .rows = rows,
                              .low = malloc(2 * leaves * scale->n_coords * sizeof *tree->low),
                              .group = malloc(2 * leaves * scale->n_coords * sizeof *tree->group)};
  if (!tree->low || !tree->group) {
    cover_tree_free(tree);
    return false;
  }
  groups_clear(tree->group, 2 * leaves, scale->n_coords);
  build_node(tree, 1, 0, leaves);
  build_groups(tree);
  return true;
}

const struct cover_row *cover_tree_row(const struct cover_tree *tree, size_t number) {
  if (number < 2 * tree->n_leaves) return NULL;
  return &tree->rows[first_row(tree, number / COVER_LANES - tree->n_leaves) + number % COVER_LANES];
}

void cover_tree_free(struct cover_tree *tree) {
  free(tree->rows);
  free(tree->low);
  free(tree->group);
  *tree = (struct cover_tree){0};
}

static const int64_t *tree_find(const struct cover_tree *tree, const struct question *q, size_t group) {
  for (uint64_t hits = group_ask(q, tree->group + group * q->n_coords); hits; hits &= hits - 1) {
    const size_t number = group * COVER_LANES + cover_lane(hits);
    const struct cover_row *row = cover_tree_row(tree, number);
    const int64_t *found = row ? row->at : tree_find(tree, q, number);
    if (found && (!row || cover_within(found, q->limit, q->n_coords))) return found;
  }
  return NULL;
}

/* ---- growing */

void cover_archive_open(struct cover_archive *a, const struct cover_scale *scale) {
  *a = (struct cover_archive){.scale = *scale};
  groups_clear(a->group, COVER_RECENT / COVER_LANES, scale->n_coords);
}

const int64_t *cover_archive_find(const struct cover_archive *a, const int64_t *limit) {
  struct question q = {.limit = limit, .n_coords = a->scale.n_coords};
  for (size_t c = 0; c < q.n_coords; c++) q.rounded[c] = (uint16_t)(limit[c] >> a->scale.shift[c]);
  for (size_t from = 0; from < a->n_recent; from += COVER_LANES)
    for (uint64_t hits = group_ask(&q, a->group + from / COVER_LANES * q.n_coords); hits; hits &= hits - 1) {
      const int64_t *at = a->recent[from + cover_lane(hits)].at;
      if (cover_within(at, limit, q.n_coords)) return at;
    }
  for (size_t l = 0; l < COVER_LEVELS; l++) {
    const int64_t *found = a->level[l].n ? tree_find(&a->level[l], &q, 0) : NULL;
    if (found) return found;
  }
  return NULL;
}

/* All that is recent and all trees below the first free level become one tree there. */
static bool rebuild(struct cover_archive *a) {
  size_t free_level = 0, n = COVER_RECENT;
  while (a->level[free_level].n) n += a->level[free_level++].n;
  struct cover_row *rows = malloc(n * sizeof *rows);
  if (!rows) return false;
  memcpy(rows, a->recent, sizeof a->recent);
  n = COVER_RECENT;
  for (struct cover_tree *tree = a->level; tree < a->level + free_level; tree++) {
    memcpy(rows + n, tree->rows, tree->n * sizeof *rows);
    n += tree->n;
    cover_tree_free(tree);
  }
  groups_clear(a->group, COVER_RECENT / COVER_LANES, a->scale.n_coords);
  a->n_recent = 0;
  return cover_tree_build(&a->level[free_level], &a->scale, rows, n);
}

bool cover_archive_add(struct cover_archive *a, const int64_t *cost) {
  if (a->n_recent == COVER_RECENT && !rebuild(a)) return false;
  groups_put(a->group, &a->scale, a->n_recent, cost);
  memcpy(a->recent[a->n_recent++].at, cost, a->scale.n_coords * sizeof *cost);
  return true;
}

void cover_archive_close(struct cover_archive *a) {
  for (size_t l = 0; l < COVER_LEVELS; l++) cover_tree_free(&a->level[l]);
}

/* ---- pruning */

static int by_cost(const void *a, const void *b, void *n_coords) {
  const struct cover_row *p = a, *q = b;
  for (size_t c = 0; c < *(const size_t *)n_coords; c++)
    if (p->at[c] != q->at[c]) return p->at[c] < q->at[c] ? -1 : 1;
  return p->a != q->a ? (p->a < q->a ? -1 : 1) : p->b < q->b ? -1 : p->b > q->b;
}

/* Whatever covers a row comes before it, so a row once kept stays, and only the other coordinates are left to compare:
 * the first is no higher in any row before. */
bool cover_prune(struct cover_row *rows, size_t n, size_t n_coords, size_t *kept) {
  const size_t first = n_coords > 1 ? 1 : 0;
  int64_t most[COVER_COORDS];
  for (size_t c = 0; c < n_coords; c++) most[c] = cover_most(rows, n, c);
  const struct cover_scale scale = cover_scale_to(n_coords - first, most + first);
  if (n > 0) qsort_r(rows, n, sizeof rows[0], by_cost, &n_coords);
  struct cover_archive archive;
  cover_archive_open(&archive, &scale);
  bool ok = true;
  *kept = 0;
  for (size_t i = 0; ok && i < n; i++) {
    if (cover_archive_find(&archive, rows[i].at + first)) continue;
    ok = cover_archive_add(&archive, rows[i].at + first);
    rows[(*kept)++] = rows[i];
  }
  cover_archive_close(&archive);
  return ok;
}
