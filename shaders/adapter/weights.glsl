// Formats of the base weights. WEIGHTS == 1 is f16; 3 is int4 in groups of 32, w = d * (code - 8), where byte j of a
// chunk (16 bytes, the unit of every load) holds elements j (low nibble) and j + 16.
#ifndef ADAPTER_WEIGHTS_GLSL
#define ADAPTER_WEIGHTS_GLSL

#include "common/unpack.glsl"

#define WEIGHTS_GROUP 32
#define CHUNK_VECS (WEIGHTS == 1 ? 2 : 8)   // vec4 of weights in 16 bytes
#define GROUP_VECS (WEIGHTS_GROUP / 4)
#define GROUP_CHUNKS (GROUP_VECS / CHUNK_VECS)

uint group_count(uint k) { return (k + WEIGHTS_GROUP - 1) / WEIGHTS_GROUP; }

#if WEIGHTS == 1
void chunk_decode(uvec4 chunk, out vec4 w[CHUNK_VECS]) {
  w[0] = unpack_half(chunk.xy);
  w[1] = unpack_half(chunk.zw);
}
#else
#define HAS_SCALES 1
void chunk_decode(uvec4 chunk, out vec4 w[CHUNK_VECS]) {
  [[unroll]] for (int i = 0; i < 4; i++) {
    w[i] = unpack_int4(chunk[i], 8.0);
    w[i + 4] = unpack_int4(chunk[i] >> 4, 8.0);
  }
}
uint scale_word(uint index) { return index / 2; }
vec2 scale_decode(uint word, uint index) { return vec2(unpackHalf2x16(word)[index & 1], 0.0); }
#endif

#endif
