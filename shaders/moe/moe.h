/* What the host and the shaders of the experts agree on: bindings, push block, specialisation constants.
 *
 * A token is routed to `topk` experts: slot s = token * topk + j holds the expert's id and the router's weight. With
 * w[e] the matrix of expert e:
 *
 *   down = 0 (gate, up)   y[slot, i]  = sum over k of w[id(slot)][i, k] * x[token, k]
 *   down = 1 (down)       y[token, i] = sum over its slots of
 *                                        weight(slot) * (sum over k of w[id(slot)][i, k] * x[slot, k])
 *
 * Rows of x and w are padded as in common/layout.h; matrices follow each other, each one's scales begin at a multiple
 * of 16 bytes. */
#ifndef MOE_H
#define MOE_H

#define MOE_MAX_EXPERTS 256
#define MOE_MAX_TOPK 8
#define MOE_LANE_ROWS 4     /* rows of w that one invocation of the lanes kernels owns */
#define MOE_SORT_BLOCK 128  /* slots that one workgroup of count.comp and scatter.comp sorts; also its invocations */

/* Bindings of the kernels that multiply. ROUTES: the router's output, or for grouped kernels the sorted slots. */
#define MOE_BINDING_X 0
#define MOE_BINDING_W 1
#define MOE_BINDING_Y 2
#define MOE_BINDING_ROUTES 3
#define MOE_BINDING_SCALES 4   /* formats with scales only */
#define MOE_BINDINGS 5

/* Bindings of the sort. */
#define MOE_BINDING_ROUTING 0
#define MOE_BINDING_BLOCKS 1   /* counts of each expert in each block of slots; after scan.comp: how many came before */
#define MOE_BINDING_SORTED 2
/* Bindings of combine.comp: ROUTING, then these. */
#define MOE_BINDING_PARTIAL 1
#define MOE_BINDING_COMBINED 2

/* The sorted slots, as words: where each expert's tiles begin (experts + 1 of them, the last is the number of tiles),
 * where its slots begin (experts + 1), the slots in the order of their experts. */
#define MOE_SORTED_TILES(experts) 0
#define MOE_SORTED_BEGINS(experts) ((experts) + 1)
#define MOE_SORTED_SLOTS(experts) (2 * ((experts) + 1))

/* Specialisation constants. */
#define MOE_SPEC_THREADS 0   /* invocations of a workgroup */
#define MOE_SPEC_ROWS 1      /* gather.comp: rows of w per workgroup */
#define MOE_SPEC_TILE_M 1    /* tiled kernels: slots or tokens per workgroup */
#define MOE_SPEC_TILE_N 2    /* rows of w per workgroup */

#ifdef VULKAN
#define MOE_UINT uint
#else
#include <assert.h>
#include <stdint.h>
#define MOE_UINT uint32_t
#endif

/* One window: all slots of some tokens, some experts, some rows of each. Token and slot 0 are the window's first. */
struct moe_push {
  MOE_UINT base[MOE_BINDINGS];   /* where each tensor begins in its bound range, in words */
  MOE_UINT tokens, topk, experts;
  MOE_UINT down;
  MOE_UINT n, k;                        /* of one expert's matrix: n is also the stride of y */
  MOE_UINT first_expert, last_expert;   /* half-open */
  MOE_UINT first_row, last_row;         /* of each of them, half-open */
  MOE_UINT scale_stride;                /* groups from one expert's scales to the next */
  MOE_UINT tile;                        /* slots per tile of a grouped kernel */
};

#ifndef VULKAN
static_assert(sizeof(struct moe_push) == 68, "the push block has no holes");
#endif

#endif
