/* Sets of cost vectors that answer one question fast: is any member at most this in every coordinate?
 *
 * A tree is a k-d tree (Bentley 1975) that is built once: balanced, an implicit binary heap of nodes with the lowest corner
 * of what is below, leaves of 16 vectors stored by coordinate, so that one comparison looks at all of them. An archive grows:
 * a buffer and trees of doubling size (Bentley and Saxe 1980), each point being rebuilt log2(n / buffer) times.
 *
 * Costs are whole numbers in doubles: exact up to COVER_MAX, and every processor compares them several at a time. */
#ifndef COVER_H
#define COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COVER_LEAF = 16, COVER_COORDS = 8, COVER_LEVELS = 32 };
#define COVER_MAX 9007199254740992.0   /* 2^53 */

struct cover_row { double at[COVER_COORDS]; uint32_t id; };

struct cover_tree {
  size_t n, n_coords;
  size_t n_leaves;     /* a power of 2; node 1 is the root, 2 i and 2 i + 1 are below i, leaf l is node n_leaves + l */
  double *low;         /* [2 n_leaves][n_coords]; INFINITY where nothing is below */
  double *leaf;        /* [n_leaves][n_coords][COVER_LEAF], INFINITY behind the last */
  uint32_t *id;        /* [n_leaves][COVER_LEAF] of the rows */
};

/* Of n > 0 rows, which are reordered. False: out of memory. Free with cover_tree_free. */
bool cover_tree_build(struct cover_tree *, size_t n_coords, struct cover_row *, size_t n);
void cover_tree_free(struct cover_tree *);

struct cover_archive {
  size_t n_coords;
  struct cover_tree level[COVER_LEVELS];   /* n == 0: none */
  struct cover_row *spare;                 /* what a rebuild gathers rows in */
  size_t spare_size, buffered;
  double *buffer;                          /* blocks like a tree's leaves */
  const double *killer[4];                 /* blocks that covered lately: what is asked next is often near */
};

bool cover_archive_open(struct cover_archive *, size_t n_coords);   /* false: out of memory; nothing to close then */
void cover_archive_close(struct cover_archive *);
bool cover_archive_add(struct cover_archive *, const double *cost); /* false: out of memory */
/* A member is <= limit in every coordinate. */
bool cover_archive_holds(struct cover_archive *, const double *limit);

#endif
