/* What the host and the shaders of matmul agree on: bindings, push block, specialisation constants.
 *
 *   y[m, n] = sum over k of x[m, k] * w[n, k]
 *
 * Every row of x and of w is padded to whole groups of 32 elements: x with zeros, w with any finite value (the
 * zeros of x cancel it). y is not padded. So no kernel has a tail in K, and every row of w is 16-byte aligned. */
#ifndef MATMUL_H
#define MATMUL_H

#define MATMUL_LANE_ROWS 4   /* rows of w that one invocation of rows.comp owns */

#define MATMUL_BINDING_X 0
#define MATMUL_BINDING_W 1
#define MATMUL_BINDING_Y 2
#define MATMUL_BINDING_SCALES 3   /* int8_g32, int4_g32, int4z_g32 only */
#define MATMUL_BINDINGS 4

/* Specialisation constants of gemv.comp; rows.comp has only the first. */
#define MATMUL_SPEC_THREADS 0   /* invocations of a workgroup */
#define MATMUL_SPEC_ROWS 1      /* rows of w per workgroup */
#define MATMUL_SPEC_COLS 2      /* rows of x: m */
/* Of tiled.comp. */
#define MATMUL_SPEC_TILE_M 1    /* rows of x per workgroup */
#define MATMUL_SPEC_TILE_N 2    /* rows of w per workgroup */

/* Of coopmat.comp. */
#define MATMUL_SPEC_SIDE_M 1        /* of a fragment: what the device multiplies at once */
#define MATMUL_SPEC_SIDE_N 2
#define MATMUL_SPEC_SIDE_K 3
#define MATMUL_SPEC_TILES_M 4       /* tiles of a workgroup, one a subgroup */
#define MATMUL_SPEC_TILES_N 5
#define MATMUL_SPEC_FRAGMENTS_M 6   /* fragments of a tile */
#define MATMUL_SPEC_FRAGMENTS_N 7
#define MATMUL_SPEC_GROUPS_K 8      /* groups of 32 columns per step */

#ifdef VULKAN
#define MATMUL_UINT uint
#else
#include <assert.h>
#include <stdint.h>
#define MATMUL_UINT uint32_t
#endif

/* One window of the op: `m` rows of x times `n` rows of w, into columns column .. column + n - 1 of y. */
struct matmul_push {
  MATMUL_UINT base[MATMUL_BINDINGS];   /* where each tensor begins in its bound range, in words */
  MATMUL_UINT m, n, k;
  MATMUL_UINT column;
  MATMUL_UINT stride;                  /* elements in a row of y */
};

#ifndef VULKAN
/* Tensors of a case, in this order; the last only for formats with scales. */
enum matmul_tensor { MATMUL_X, MATMUL_W, MATMUL_Y, MATMUL_SCALES };

static_assert(sizeof(struct matmul_push) == 36, "the push block has no holes");
#endif

#endif
