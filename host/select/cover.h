/* Sets of cost vectors that answer one question fast: is any member at most this in every coordinate?
 *
 * A tree is a k-d tree (Bentley 1975) that is built once: balanced, an implicit binary heap of nodes with the lowest
 * corner of what is below, leaves of 16 vectors stored by coordinate, so that one comparison looks at all of them. An
 * archive grows: a buffer and trees of doubling size (Bentley and Saxe 1980), each point being rebuilt log2(n /
 * buffer) times.
 *
 * All costs asked for or held are from 0 to COVER_MAX. */
#ifndef COVER_H
#define COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COVER_LEAF = 16, COVER_COORDS = 8, COVER_RECENT = 8 * COVER_LEAF, COVER_LEVELS = 32 };
#define COVER_MAX ((int64_t)1 << 60)
/* Where a leaf has no vector, in each coordinate: over every cost, and no sum or difference of two such overflows. */
#define COVER_NONE ((int64_t)1 << 61)

/* at <= limit in every coordinate. */
static inline bool cover_within(const int64_t *at, const int64_t *limit, size_t n_coords) {
  for (size_t c = 0; c < n_coords; c++)
    if (at[c] > limit[c]) return false;
  return true;
}

/* a and b are the caller's: where the vector comes from. */
struct cover_row { int64_t at[COVER_COORDS]; uint32_t a, b; };

/* Sorts the rows (by the coordinates in order, then a, then b) and keeps those that no other covers, of equal ones the
 * first: their number is *kept. False: out of memory. */
bool cover_prune(struct cover_row *, size_t n, size_t n_coords, size_t *kept);

struct cover_tree {
  size_t n, n_coords;
  size_t n_leaves;         /* a power of 2; node 1 is the root, 2 i and 2 i + 1 are below i, leaf l is n_leaves + l */
  struct cover_row *rows;  /* in the order of the leaves: those of leaf l from cover_tree_first on */
  int64_t *low;            /* [2 n_leaves][n_coords] */
  int64_t *leaf;           /* [n_leaves][n_coords][COVER_LEAF], COVER_NONE behind the last */
};

/* Takes the n > 0 rows, which are malloc's, also where it fails: false, out of memory. Free with cover_tree_free. */
bool cover_tree_build(struct cover_tree *, size_t n_coords, struct cover_row *rows, size_t n);
size_t cover_tree_first(const struct cover_tree *, size_t leaf);
void cover_tree_free(struct cover_tree *);

struct cover_archive {
  size_t n_coords, n_recent;
  struct cover_tree level[COVER_LEVELS];   /* n == 0: none */
  struct cover_row recent[COVER_RECENT];   /* in no tree yet */
  int64_t *recent_blocks;                  /* the same like a tree's leaves */
};

bool cover_archive_open(struct cover_archive *, size_t n_coords);   /* false: out of memory; close is allowed */
void cover_archive_close(struct cover_archive *);
bool cover_archive_add(struct cover_archive *, const int64_t *cost); /* false: out of memory */
/* A member is <= limit in every coordinate; one such is *member, unless that is NULL. */
bool cover_archive_holds(const struct cover_archive *, const int64_t *limit, int64_t *member);

#endif
