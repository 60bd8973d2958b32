// The weight formats. A chunk is 16 bytes of one row: the unit of every load. WEIGHTS selects the format:
//
//   WEIGHTS  format     weights in a chunk
//   0        f32        4
//   1        f16        8      packed in pairs
//   2        int8_g32   16     w = d * code, code in [-128, 127]
//   3        int4_g32   32     w = d * (code - 8), code in [0, 15]
//   4        int4z_g32  32     w = d * code + z
//
// Byte j of an int4 chunk holds elements j (low nibble) and j + 16 (high), as in GGUF's q4_0: masking a word
// gives four neighbouring weights, which meet one vec4 of x. Scales lie in a tensor of their own, row by row:
// halves d, or pairs of halves (d, z). A weight is decoded as d * code + z; code comes from chunk_decode.
#ifndef COMMON_WEIGHTS_GLSL
#define COMMON_WEIGHTS_GLSL

#include "common/unpack.glsl"
#include "common/weights.h"

#if WEIGHTS == 0
#define CHUNK_VECS 1   // vec4 of weights in a chunk
#elif WEIGHTS == 1
#define CHUNK_VECS 2
#elif WEIGHTS == 2
#define CHUNK_VECS 4
#else
#define CHUNK_VECS 8
#endif
#define GROUP_VECS (WEIGHTS_GROUP / 4)
#define GROUP_CHUNKS (GROUP_VECS / CHUNK_VECS)

#if WEIGHTS >= 2
#define HAS_SCALES 1
#endif
#if WEIGHTS == 4
#define HAS_ZERO 1
#endif

// Groups of 32 in a padded row of k elements.
uint group_count(uint k) { return (k + WEIGHTS_GROUP - 1) / WEIGHTS_GROUP; }

// Vector v of the codes of a chunk as floats, in the order of k. Where they are decoded one by one as they are used,
// the rest of the chunk stays packed in four registers.
vec4 chunk_vector(uvec4 chunk, int v) {
#if WEIGHTS == 0
  return uintBitsToFloat(chunk);
#elif WEIGHTS == 1
  return unpack_half(v == 0 ? chunk.xy : chunk.zw);
#elif WEIGHTS == 2
  return unpack_int8(chunk[v]);
#else
  return unpack_int4(chunk[v % 4] >> v / 4 * 4, WEIGHTS == 3 ? 8.0 : 0.0);
#endif
}

// All of them.
void chunk_decode(uvec4 chunk, out vec4 w[CHUNK_VECS]) {
  [[unroll]] for (int v = 0; v < CHUNK_VECS; v++) w[v] = chunk_vector(chunk, v);
}

#ifdef HAS_SCALES
// The word of the scales in which group `index`, counted over all rows, has its own; and (d, z) from that word.
#ifdef HAS_ZERO
uint scale_word(uint index) { return index; }
vec2 scale_decode(uint word, uint index) { return unpackHalf2x16(word); }
#else
uint scale_word(uint index) { return index / 2; }
vec2 scale_decode(uint word, uint index) {
  vec2 pair = unpackHalf2x16(word);
  return vec2((index & 1) == 0 ? pair.x : pair.y, 0.0);
}
#endif
#endif

#endif
