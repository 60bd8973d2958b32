/* What the shaders of this room and its host code agree on; read by GLSL (VULKAN is defined there) and by C.
 *
 * New keys or values come as a matmul leaves them, f32 [batch][rows][kv_heads][head], and go into a cache in the
 * layout that the room attention reads: [batch][kv_heads][kv][head] of f16, or of int8 codes with an f16 scale per
 * 32 elements behind all codes, where the scales of each (sequence, KV head) begin at a multiple of 16 bytes. */
#ifndef KV_CACHE_H
#define KV_CACHE_H

/* constant_id; 0 is local_size_x */
#define KV_CACHE_SPEC_HEAD 1   /* elements of a head, a multiple of 8; of 64 for int8, where two scales make a word */

#define KV_CACHE_GROUP 32      /* elements that share a scale */

#ifdef VULKAN
#define KV_CACHE_WORD uint
#else
#include <stdint.h>
#define KV_CACHE_WORD uint32_t
#endif

/* Push constants behind the words base[n_bindings]. A window is some sequences with all rows and heads, or some rows
 * and some heads of one sequence; x and angles are bound from its first row on, the cache from its first (sequence,
 * KV head). */
struct kv_cache_params {
  KV_CACHE_WORD heads;       /* KV heads of the window */
  KV_CACHE_WORD first_head;  /* of the window, within a row of x */
  KV_CACHE_WORD all_heads;   /* in a row of x */
  KV_CACHE_WORD rows;        /* of a sequence in this window; also from one sequence's x to the next */
  KV_CACHE_WORD position;    /* in the cache, of the window's first row */
  KV_CACHE_WORD capacity;    /* positions of the cache */
  KV_CACHE_WORD scale_words; /* from one (sequence, KV head)'s scales to the next */
};

#ifndef VULKAN
#include <assert.h>
static_assert(sizeof(struct kv_cache_params) == 28, "the push block of io.glsl");
#endif
#undef KV_CACHE_WORD

#endif
