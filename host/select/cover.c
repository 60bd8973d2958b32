#include "cover.h"

#include <stdlib.h>
#include <string.h>

/* ---- one block of 16 */

/* The sign of limit - at tells whether a vector is over; signs of all coordinates meet by or, and plain 64-bit
 * subtraction is what every processor does on several at once, comparison is not. */
static bool block_holds(const int64_t *block, size_t n_coords, const int64_t *limit) {
  int64_t over[COVER_LEAF];
  for (size_t i = 0; i < COVER_LEAF; i++) over[i] = limit[0] - block[i];
  for (size_t c = 1; c < n_coords; c++) {
    const int64_t *at = block + c * COVER_LEAF, most = limit[c];
    for (size_t i = 0; i < COVER_LEAF; i++) over[i] |= most - at[i];
  }
  int64_t all = -1;
  for (size_t i = 0; i < COVER_LEAF; i++) all &= over[i];
  return all >= 0;
}

static void block_get(const int64_t *block, size_t n_coords, size_t i, int64_t *cost) {
  for (size_t c = 0; c < n_coords; c++) cost[c] = block[c * COVER_LEAF + i];
}

static void block_put(int64_t *block, size_t n_coords, size_t i, const int64_t *cost) {
  for (size_t c = 0; c < n_coords; c++) block[c * COVER_LEAF + i] = cost[c];
}

static void blocks_clear(int64_t *blocks, size_t n, size_t n_coords) {
  for (size_t i = 0; i < n * n_coords * COVER_LEAF; i++) blocks[i] = COVER_NONE;
}

static int64_t *blocks_make(size_t n, size_t n_coords) {
  int64_t *blocks = malloc(n * n_coords * COVER_LEAF * sizeof *blocks);
  if (blocks) blocks_clear(blocks, n, n_coords);
  return blocks;
}

/* ---- building a tree */

static void swap_rows(struct cover_row *a, struct cover_row *b) {
  const struct cover_row keep = *a;
  *a = *b;
  *b = keep;
}

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
      swap_rows(&rows[i++], &rows[j--]);
    }
    if (k <= i) to = i;   /* rows below i are <= pivot, from i on >= pivot */
    else from = i == j ? i + 1 : i;
    if (k == from || k == to) return;
  }
}

struct box { int64_t low[COVER_COORDS], high[COVER_COORDS]; };

static struct box box_of(const struct cover_row *rows, size_t n, size_t n_coords) {
  struct box box;
  memcpy(box.low, rows[0].at, sizeof box.low);
  memcpy(box.high, rows[0].at, sizeof box.high);
  for (size_t i = 1; i < n; i++)
    for (size_t c = 0; c < n_coords; c++) {
      const int64_t at = rows[i].at[c];
      box.low[c] = at < box.low[c] ? at : box.low[c];
      box.high[c] = at > box.high[c] ? at : box.high[c];
    }
  return box;
}

/* By ratio, which no unit changes: a nanosecond and a byte have no common width. */
static size_t widest_coord(const struct box *box, size_t n_coords) {
  size_t widest = 0;
  double most = 0;
  for (size_t c = 0; c < n_coords; c++) {
    const double ratio = (double)(box->high[c] + 1) / (double)(box->low[c] + 1);
    if (ratio <= most) continue;
    most = ratio;
    widest = c;
  }
  return widest;
}

size_t cover_tree_first(const struct cover_tree *tree, size_t leaf) { return tree->n * leaf / tree->n_leaves; }

/* Of the leaves first .. first + n_leaves - 1. */
static void build_node(struct cover_tree *tree, size_t node, size_t first, size_t n_leaves) {
  const size_t from = cover_tree_first(tree, first), n = cover_tree_first(tree, first + n_leaves) - from;
  struct cover_row *rows = tree->rows + from;
  const struct box box = box_of(rows, n, tree->n_coords);
  memcpy(tree->low + node * tree->n_coords, box.low, tree->n_coords * sizeof box.low[0]);
  if (n_leaves == 1) {
    int64_t *block = tree->leaf + first * tree->n_coords * COVER_LEAF;
    for (size_t i = 0; i < n; i++) block_put(block, tree->n_coords, i, rows[i].at);
    return;
  }
  const size_t half = n_leaves / 2;
  split_rows(rows, n, cover_tree_first(tree, first + half) - from, widest_coord(&box, tree->n_coords));
  build_node(tree, 2 * node, first, half);
  build_node(tree, 2 * node + 1, first + half, half);
}

bool cover_tree_build(struct cover_tree *tree, size_t n_coords, struct cover_row *rows, size_t n) {
  size_t leaves = 1;
  while (leaves * COVER_LEAF < n) leaves *= 2;
  *tree = (struct cover_tree){.n = n, .n_coords = n_coords, .n_leaves = leaves, .rows = rows,
                              .leaf = blocks_make(leaves, n_coords),
                              .low = malloc(2 * leaves * n_coords * sizeof *tree->low)};
  if (tree->low && tree->leaf) {
    build_node(tree, 1, 0, leaves);
    return true;
  }
  cover_tree_free(tree);
  return false;
}

void cover_tree_free(struct cover_tree *tree) {
  free(tree->rows);
  free(tree->low);
  free(tree->leaf);
  *tree = (struct cover_tree){0};
}

/* ---- asking */

/* The block below the node that holds one, or NULL. */
static const int64_t *tree_find(const struct cover_tree *tree, size_t node, const int64_t *limit) {
  if (!cover_within(tree->low + node * tree->n_coords, limit, tree->n_coords)) return NULL;
  if (node < tree->n_leaves) {
    const int64_t *block = tree_find(tree, 2 * node, limit);
    return block ? block : tree_find(tree, 2 * node + 1, limit);
  }
  const int64_t *block = tree->leaf + (node - tree->n_leaves) * tree->n_coords * COVER_LEAF;
  return block_holds(block, tree->n_coords, limit) ? block : NULL;
}

static const int64_t *archive_find(const struct cover_archive *a, const int64_t *limit) {
  for (size_t at = 0; at < a->n_recent; at += COVER_LEAF) {
    const int64_t *block = a->recent_blocks + at * a->n_coords;
    if (block_holds(block, a->n_coords, limit)) return block;
  }
  for (size_t l = 0; l < COVER_LEVELS; l++) {
    const int64_t *block = a->level[l].n ? tree_find(&a->level[l], 1, limit) : NULL;
    if (block) return block;
  }
  return NULL;
}

bool cover_archive_holds(const struct cover_archive *a, const int64_t *limit, int64_t *member) {
  const int64_t *block = archive_find(a, limit);
  if (!block || !member) return block != NULL;
  size_t i = 0;
  do block_get(block, a->n_coords, i++, member);
  while (!cover_within(member, limit, a->n_coords));
  return true;
}

/* ---- growing */

bool cover_archive_open(struct cover_archive *a, size_t n_coords) {
  *a = (struct cover_archive){.n_coords = n_coords, .recent_blocks = blocks_make(COVER_RECENT / COVER_LEAF, n_coords)};
  return a->recent_blocks != NULL;
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
  blocks_clear(a->recent_blocks, COVER_RECENT / COVER_LEAF, a->n_coords);
  a->n_recent = 0;
  return cover_tree_build(&a->level[free_level], a->n_coords, rows, n);
}

bool cover_archive_add(struct cover_archive *a, const int64_t *cost) {
  if (a->n_recent == COVER_RECENT && !rebuild(a)) return false;
  int64_t *block = a->recent_blocks + a->n_recent / COVER_LEAF * a->n_coords * COVER_LEAF;
  block_put(block, a->n_coords, a->n_recent % COVER_LEAF, cost);
  memcpy(a->recent[a->n_recent++].at, cost, a->n_coords * sizeof *cost);
  return true;
}

void cover_archive_close(struct cover_archive *a) {
  for (size_t l = 0; l < COVER_LEVELS; l++) cover_tree_free(&a->level[l]);
  free(a->recent_blocks);
  *a = (struct cover_archive){0};
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
  if (n > 0) qsort_r(rows, n, sizeof rows[0], by_cost, &n_coords);
  struct cover_archive archive;
  bool ok = cover_archive_open(&archive, n_coords - first);
  *kept = 0;
  for (size_t i = 0; ok && i < n; i++) {
    if (cover_archive_holds(&archive, rows[i].at + first, NULL)) continue;
    ok = cover_archive_add(&archive, rows[i].at + first);
    rows[(*kept)++] = rows[i];
  }
  cover_archive_close(&archive);
  return ok;
}
