#include "cover.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BLOCKS = 8, BUFFER = BUFFER_BLOCKS * COVER_LEAF };

/* ---- one block of 16 */

/* Branches cost more than comparisons here: all 16 are looked at, coordinate by coordinate. */
static bool block_holds(const double *block, size_t n_coords, const double *limit) {
  int64_t within[COVER_LEAF];
  for (size_t i = 0; i < COVER_LEAF; i++) within[i] = block[i] <= limit[0] ? -1 : 0;
  for (size_t c = 1; c < n_coords; c++) {
    const double *at = block + c * COVER_LEAF, most = limit[c];
    for (size_t i = 0; i < COVER_LEAF; i++) within[i] &= at[i] <= most ? -1 : 0;
  }
  int64_t any = 0;
  for (size_t i = 0; i < COVER_LEAF; i++) any |= within[i];
  return any != 0;
}

static void block_put(double *block, size_t n_coords, size_t at, const double *cost) {
  for (size_t c = 0; c < n_coords; c++) block[c * COVER_LEAF + at] = cost[c];
}

static double *blocks_make(size_t n, size_t n_coords) {
  double *blocks = malloc(n * n_coords * COVER_LEAF * sizeof *blocks);
  for (size_t i = 0; blocks && i < n * n_coords * COVER_LEAF; i++) blocks[i] = INFINITY;
  return blocks;
}

/* ---- building */

static void swap_rows(struct cover_row *a, struct cover_row *b) {
  const struct cover_row keep = *a;
  *a = *b;
  *b = keep;
}

/* Quickselect (Hoare 1961): rows[0..k) are <= rows[k..n) in coordinate c. */
static void split_rows(struct cover_row *rows, size_t n, size_t k, size_t c) {
  size_t from = 0, to = n;
  while (to - from > 1) {
    const double pivot = rows[from + (to - from) / 2].at[c];
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

/* By ratio, which no unit changes: a nanosecond and a byte have no common width. */
static size_t widest_coord(const struct cover_row *rows, size_t n, size_t n_coords) {
  size_t widest = 0;
  double most = -1;
  for (size_t c = 0; c < n_coords; c++) {
    double lo = INFINITY, hi = 0;
    for (size_t i = 0; i < n; i++) {
      lo = fmin(lo, rows[i].at[c]);
      hi = fmax(hi, rows[i].at[c]);
    }
    const double ratio = (hi + 1) / (lo + 1);
    if (ratio <= most) continue;
    most = ratio;
    widest = c;
  }
  return widest;
}

static void fill_leaf(struct cover_tree *tree, size_t leaf, const struct cover_row *rows, size_t n) {
  for (size_t i = 0; i < n; i++) {
    block_put(tree->leaf + leaf * tree->n_coords * COVER_LEAF, tree->n_coords, i, rows[i].at);
    tree->id[leaf * COVER_LEAF + i] = rows[i].id;
  }
}

static void build_node(struct cover_tree *tree, size_t node, struct cover_row *rows, size_t n) {
  double *low = tree->low + node * tree->n_coords;
  for (size_t c = 0; c < tree->n_coords; c++) {
    low[c] = INFINITY;
    for (size_t i = 0; i < n; i++) low[c] = fmin(low[c], rows[i].at[c]);
  }
  if (node >= tree->n_leaves) {
    fill_leaf(tree, node - tree->n_leaves, rows, n);
    return;
  }
  if (n > 1) split_rows(rows, n, n / 2, widest_coord(rows, n, tree->n_coords));
  build_node(tree, 2 * node, rows, n / 2);
  build_node(tree, 2 * node + 1, rows + n / 2, n - n / 2);
}

bool cover_tree_build(struct cover_tree *tree, size_t n_coords, struct cover_row *rows, size_t n) {
  size_t leaves = 1;
  while (leaves * COVER_LEAF < n) leaves *= 2;
  *tree = (struct cover_tree){.n = n, .n_coords = n_coords, .n_leaves = leaves,
                              .low = malloc(2 * leaves * n_coords * sizeof *tree->low),
                              .leaf = blocks_make(leaves, n_coords),
                              .id = calloc(leaves * COVER_LEAF, sizeof *tree->id)};
  if (!tree->low || !tree->leaf || !tree->id) {
    cover_tree_free(tree);
    return false;
  }
  build_node(tree, 1, rows, n);
  return true;
}

void cover_tree_free(struct cover_tree *tree) {
  free(tree->low);
  free(tree->leaf);
  free(tree->id);
  *tree = (struct cover_tree){0};
}

/* ---- asking */

static bool within(const double *low, size_t n_coords, const double *limit) {
  for (size_t c = 0; c < n_coords; c++)
    if (low[c] > limit[c]) return false;
  return true;
}

/* The block that holds one, or NULL. Depth first; the stack is as deep as the tree, one sibling for each level. */
static const double *tree_find(const struct cover_tree *tree, const double *limit) {
  size_t stack[8 * sizeof(size_t)], depth = 0;
  stack[depth++] = 1;
  while (depth > 0) {
    const size_t node = stack[--depth];
    if (!within(tree->low + node * tree->n_coords, tree->n_coords, limit)) continue;
    if (node < tree->n_leaves) {
      stack[depth++] = 2 * node + 1;
      stack[depth++] = 2 * node;
      continue;
    }
    const double *block = tree->leaf + (node - tree->n_leaves) * tree->n_coords * COVER_LEAF;
    if (block_holds(block, tree->n_coords, limit)) return block;
  }
  return NULL;
}

static const double *archive_find(const struct cover_archive *a, const double *limit) {
  for (size_t at = 0; at < a->buffered; at += COVER_LEAF)
    if (block_holds(a->buffer + at * a->n_coords, a->n_coords, limit)) return a->buffer + at * a->n_coords;
  for (size_t l = 0; l < COVER_LEVELS; l++) {
    const double *block = a->level[l].n ? tree_find(&a->level[l], limit) : NULL;
    if (block) return block;
  }
  return NULL;
}

bool cover_archive_holds(struct cover_archive *a, const double *limit) {
  enum { KILLERS = sizeof a->killer / sizeof a->killer[0] };
  size_t k = 0;
  while (k < KILLERS && !(a->killer[k] && block_holds(a->killer[k], a->n_coords, limit))) k++;
  const double *block = k < KILLERS ? a->killer[k] : archive_find(a, limit);
  if (!block) return false;
  memmove(a->killer + 1, a->killer, (k < KILLERS ? k : KILLERS - 1) * sizeof a->killer[0]);
  a->killer[0] = block;
  return true;
}

/* ---- growing */

bool cover_archive_open(struct cover_archive *a, size_t n_coords) {
  *a = (struct cover_archive){.n_coords = n_coords, .buffer = blocks_make(BUFFER_BLOCKS, n_coords)};
  return a->buffer != NULL;
}

static size_t gather(const double *blocks, const size_t n_coords, size_t n_blocks, struct cover_row *out) {
  size_t n = 0;
  for (size_t b = 0; b < n_blocks; b++)
    for (size_t i = 0; i < COVER_LEAF; i++) {
      const double *block = blocks + b * n_coords * COVER_LEAF;
      if (isinf(block[i])) break;
      for (size_t c = 0; c < n_coords; c++) out[n].at[c] = block[c * COVER_LEAF + i];
      out[n++].id = 0;
    }
  return n;
}

/* The full buffer and all trees below the first free level become one tree there. */
static bool rebuild(struct cover_archive *a) {
  size_t free_level = 0, need = BUFFER;
  while (a->level[free_level].n) need += a->level[free_level++].n;
  if (need > a->spare_size) {
    struct cover_row *grown = realloc(a->spare, need * sizeof *grown);
    if (!grown) return false;
    a->spare = grown;
    a->spare_size = need;
  }
  size_t n = gather(a->buffer, a->n_coords, BUFFER_BLOCKS, a->spare);
  for (size_t l = 0; l < free_level; l++) n += gather(a->level[l].leaf, a->n_coords, a->level[l].n_leaves, a->spare + n);
  if (!cover_tree_build(&a->level[free_level], a->n_coords, a->spare, n)) return false;
  for (size_t l = 0; l < free_level; l++) cover_tree_free(&a->level[l]);
  for (size_t i = 0; i < BUFFER * a->n_coords; i++) a->buffer[i] = INFINITY;
  memset(a->killer, 0, sizeof a->killer);
  a->buffered = 0;
  return true;
}

bool cover_archive_add(struct cover_archive *a, const double *cost) {
  if (a->buffered == BUFFER && !rebuild(a)) return false;
  const size_t block = a->buffered / COVER_LEAF;
  block_put(a->buffer + block * a->n_coords * COVER_LEAF, a->n_coords, a->buffered % COVER_LEAF, cost);
  a->buffered++;
  return true;
}

void cover_archive_close(struct cover_archive *a) {
  for (size_t l = 0; l < COVER_LEVELS; l++) cover_tree_free(&a->level[l]);
  free(a->spare);
  free(a->buffer);
  *a = (struct cover_archive){0};
}
