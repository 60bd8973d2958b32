/* What the host and the shaders of this room agree on: layouts, bindings, push block, specialisation constants.
 *
 *   y[t] = c (W x[t] + s B (A x[t]))      A, B, s and c of the adapter that ids[t] names; c = 1 but for DoRA
 *
 * x, W and y lie as matmul has them: rows of x and W padded to whole groups of 32 elements, x with zeros. A, f16:
 * [adapters][rank][k], rows padded with zeros to 32 elements; B, f16: [adapters][n][rank], rows padded with zeros to 8.
 * v = s (A x), f32, scratch: [m][splits][rank], rows padded with zeros to 8: partial sums over `splits` parts of k. */
#ifndef ADAPTER_H
#define ADAPTER_H

#define ADAPTER_HALVES 8        /* f16 elements of a 16-byte load: the unit of A and B, and the padding of rank */
#define ADAPTER_COLS 4          /* rows of x that an invocation works on together where they have one adapter */
#define ADAPTER_SHRINK_ROWS 4   /* rows of A per workgroup of shrink.comp; divides ADAPTER_HALVES */
#define ADAPTER_LANE_ROWS 4     /* rows of W that one invocation of fused_rows.comp owns */
#define ADAPTER_MOST 256        /* adapters of a batch */
#define ADAPTER_NO_ONE 0xffffffffu   /* in ids, which is padded to whole vectors of four */

/* Bindings. Where rows are grouped, SEGMENTS stands in the place of IDS. */
#define ADAPTER_GROUP_IDS 0
#define ADAPTER_GROUP_SEGMENTS 1
#define ADAPTER_GROUP_BINDINGS 2

#define ADAPTER_SHRINK_X 0
#define ADAPTER_SHRINK_A 1
#define ADAPTER_SHRINK_V 2
#define ADAPTER_SHRINK_SCALE 3
#define ADAPTER_SHRINK_IDS 4
#define ADAPTER_SHRINK_BINDINGS 5

#define ADAPTER_EXPAND_V 0
#define ADAPTER_EXPAND_B 1
#define ADAPTER_EXPAND_Y 2
#define ADAPTER_EXPAND_IDS 3
#define ADAPTER_EXPAND_BINDINGS 4

#define ADAPTER_FUSED_X 0
#define ADAPTER_FUSED_W 1
#define ADAPTER_FUSED_Y 2
#define ADAPTER_FUSED_V 3
#define ADAPTER_FUSED_B 4
#define ADAPTER_FUSED_IDS 5
#define ADAPTER_FUSED_BINDINGS 6   /* then the scales of W and the factors c, each where there are such */

/* Specialisation constants: 0 is the workgroup size everywhere. */
#define ADAPTER_SPEC_ROWS 1     /* fused_gemv: rows of W per workgroup */
#define ADAPTER_SPEC_COLS 2     /* fused_gemv: rows of x */
#define ADAPTER_SPEC_TILE_M 1   /* fused_tiled: rows of x per workgroup */
#define ADAPTER_SPEC_TILE_N 2   /* fused_tiled: rows of W per workgroup */

#ifdef VULKAN
#define ADAPTER_WORD uint
#else
#include <assert.h>
#include <stdint.h>
#define ADAPTER_WORD uint32_t
#endif

/* Push constants behind the words base[bindings]. A dispatch works on a window: m rows of x times n rows of W, whose
 * outputs are columns column .. column + n - 1 of y. */
struct adapter_params {
  ADAPTER_WORD m, n, k, rank;
  ADAPTER_WORD adapters;
  ADAPTER_WORD column;
  ADAPTER_WORD stride;     /* elements in a row of y, which is rows of B per adapter */
  ADAPTER_WORD splits;     /* parts of k that shrink sums apart */
  ADAPTER_WORD part;       /* loads of 8 elements in such a part */
  ADAPTER_WORD tile;       /* rows of a segment at most */
  ADAPTER_WORD segments;   /* entries in the list of segments, empty ones included */
};

#ifndef VULKAN
static_assert(sizeof(struct adapter_params) == 44, "the push block has no holes");
#endif
#undef ADAPTER_WORD

#endif
