/* What the shaders of this room and its host code agree on; read by GLSL (VULKAN is defined there) and by C. */
#ifndef CEILINGS_H
#define CEILINGS_H

/* read and copy work on tiles of 16 rows of 16 uvec4. read leaves 16 checksums a tile, one a column. */
#define CEILINGS_TILE 16
#define CEILINGS_TILE_BYTES 4096

/* Every invocation of the compute kernels advances this many independent chains by this many steps per trip. */
#define CEILINGS_CHAINS 16
#define CEILINGS_STEPS 4

/* The chains of coopmat multiply as much a trip: 8 of them, 8 products each, whose factors then come again. */
#define CEILINGS_COOPMAT_CHAINS 8
#define CEILINGS_PERIOD 8

/* Specialisation constants of coopmat.comp. */
#define CEILINGS_SPEC_THREADS 0
#define CEILINGS_SPEC_SIDE_M 1   /* of a fragment: what the device multiplies at once */
#define CEILINGS_SPEC_SIDE_N 2
#define CEILINGS_SPEC_SIDE_K 3
#define CEILINGS_SPEC_TILES 4

/* The workgroup of `empty`, and the most elements it writes. */
#define CEILINGS_EMPTY 64

#ifdef VULKAN
#define CEILINGS_WORD uint
#else
#include <stdint.h>
#define CEILINGS_WORD uint32_t
#endif

struct ceilings_stream { CEILINGS_WORD base[2]; CEILINGS_WORD tiles; };              /* source, output */
struct ceilings_chains { CEILINGS_WORD base[3]; CEILINGS_WORD elements, trips; };    /* start, factors, output */
struct ceilings_empty { CEILINGS_WORD base[1]; CEILINGS_WORD elements; };            /* output */

#endif
