/* Sets of cost vectors that answer one question fast: is any member at most this in every coordinate?
 *
 * A tree is a k-d tree (Bentley 1975) that is built once: a balanced, implicit binary heap of nodes with the lowest
 * corner of what is below, and leaves of up to 8 vectors. It is asked 8 at a time, three levels at once: the 8 nodes
 * below another on the third level, and the 8 vectors of a leaf, are a group. An archive grows: a few groups and trees
 * of doubling size (Bentley and Saxe 1980), each point being rebuilt log2(n / buffer) times.
 *
 * A group holds 15 bits of each cost, rounded down: one vector instruction compares all 8. x <= y implies that of the
 * rounded, so a group says no for certain; a yes is looked up in whole costs, and no answer depends on the rounding.
 *
 * All costs asked for or held are from 0 to COVER_MAX. */
#ifndef COVER_H
#define COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 560 decisions of four coordinates took 3.9 s with 8 lanes and 4.7 s with 16, one run each on a busy machine. */
enum { COVER_LANES = 8, COVER_COORDS = 8, COVER_RECENT = 8 * COVER_LANES, COVER_LEVELS = 32, COVER_NONE = INT16_MAX };
#define COVER_MAX (INT64_MAX - 1)

/* at <= limit in every coordinate. */
static inline bool cover_within(const int64_t *at, const int64_t *limit, size_t n_coords) {
  for (size_t c = 0; c < n_coords; c++)
    if (at[c] > limit[c]) return false;
  return true;
}

/* a and b are the caller's: where the vector comes from. */
struct cover_row { int64_t at[COVER_COORDS]; uint32_t a, b; };

/* The highest of a coordinate; 0 without rows. */
int64_t cover_most(const struct cover_row *, size_t n, size_t c);
/* Sorts the rows (by the coordinates in order, then a, then b) and keeps those that no other covers, of equal ones the
 * first: their number is *kept. False: out of memory. */
bool cover_prune(struct cover_row *, size_t n, size_t n_coords, size_t *kept);

/* How costs are rounded: >> shift is under COVER_NONE for all costs up to `most`. */
struct cover_scale { size_t n_coords; int shift[COVER_COORDS]; };
struct cover_scale cover_scale_to(size_t n_coords, const int64_t *most);

/* One coordinate of a group; COVER_NONE where it has no member. Little-endian. */
union cover_lanes { uint16_t at __attribute__((vector_size(2 * COVER_LANES))); uint64_t word[2]; };

/* The lanes that are not negative, as bits: for (hits = cover_hits(&lanes); hits; hits &= hits - 1) cover_lane(hits) */
static inline uint64_t cover_hits(const union cover_lanes *lanes) {
  const uint64_t signs = 0x8000800080008000;
  return (~lanes->word[0] & signs) >> 1 | (~lanes->word[1] & signs);
}
static inline size_t cover_lane(uint64_t hits) {
  const size_t bit = (size_t)__builtin_ctzll(hits);
  return bit / 16 + bit % 2 * COVER_LANES / 2;
}

struct cover_tree {
  const struct cover_scale *scale;
  size_t n;
  size_t n_leaves;            /* a power of 2; 2 i and 2 i + 1 are below node i, leaf l is node n_leaves + l */
  struct cover_row *rows;     /* in the order of the leaves */
  int64_t *low;               /* [2 n_leaves][n_coords]; nodes 0 and 1 are the root */
  union cover_lanes *group;   /* [2 n_leaves][n_coords], of the nodes or rows 8 i to 8 i + 7; ask group 0 first */
};

/* Takes the n > 0 rows, which are malloc's, also where it fails: false, out of memory. The scale must outlive it. Free
 * with cover_tree_free. */
bool cover_tree_build(struct cover_tree *, const struct cover_scale *, struct cover_row *rows, size_t n);
void cover_tree_free(struct cover_tree *);
/* The row of that number, NULL where it is a node's. */
const struct cover_row *cover_tree_row(const struct cover_tree *, size_t number);

struct cover_archive {
  struct cover_scale scale;
  size_t n_recent;
  struct cover_tree level[COVER_LEVELS];   /* n == 0: none */
  struct cover_row recent[COVER_RECENT];   /* in no tree yet */
  union cover_lanes group[COVER_RECENT / COVER_LANES * COVER_COORDS];   /* of those */
};

void cover_archive_open(struct cover_archive *, const struct cover_scale *);
void cover_archive_close(struct cover_archive *);
bool cover_archive_add(struct cover_archive *, const int64_t *cost); /* false: out of memory */
/* A member that is <= limit in every coordinate, until the next is added; NULL: none. */
const int64_t *cover_archive_find(const struct cover_archive *, const int64_t *limit);

#endif
