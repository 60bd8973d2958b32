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

// Codes of a chunk as floats, four by four in the order of k.
void chunk_decode(uvec4 chunk, out vec4 w[CHUNK_VECS]) {
#if WEIGHTS == 0
  w[0] = uintBitsToFloat(chunk);
#elif WEIGHTS == 1
  w[0] = unpack_half(chunk.xy);
  w[1] = unpack_half(chunk.zw);
#elif WEIGHTS == 2
  [[unroll]] for (int i = 0; i < 4; i++) w[i] = unpack_int8(chunk[i]);
#else
  const float bias = WEIGHTS == 3 ? 8.0 : 0.0;
  [[unroll]] for (int i = 0; i < 4; i++) {
    w[i] = unpack_int4(chunk[i], bias);
    w[i + 4] = unpack_int4(chunk[i] >> 4, bias);
  }
#endif
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
