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
#ifndef MATMUL_WEIGHTS_GLSL
#define MATMUL_WEIGHTS_GLSL

#include "common/unpack.glsl"
#include "io.glsl"

#if WEIGHTS == 0
#define CHUNK_VECS 1   // vec4 of weights in a chunk
#elif WEIGHTS == 1
#define CHUNK_VECS 2
#elif WEIGHTS == 2
#define CHUNK_VECS 4
#else
#define CHUNK_VECS 8
#endif
#define GROUP_VECS (MATMUL_GROUP / 4)
#define GROUP_CHUNKS (GROUP_VECS / CHUNK_VECS)

#if WEIGHTS >= 2
#define HAS_SCALES 1
layout(set = 0, binding = MATMUL_BINDING_SCALES) readonly buffer scale_buffer { uint scale_data[]; };
#endif
#if WEIGHTS == 4
#define HAS_ZERO 1
#endif

// Index of the first chunk of a row of w.
uint w_row(uint row) { return push.base[MATMUL_BINDING_W] / 4 + row * groups() * GROUP_CHUNKS; }

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

// (d, z) of a group; (1, 0) for formats that have no scales.
vec2 scale_load(uint row, uint group) {
  uint index = row * groups() + group;
#if WEIGHTS == 4
  return unpackHalf2x16(scale_data[push.base[MATMUL_BINDING_SCALES] + index]);
#elif defined HAS_SCALES
  vec2 pair = unpackHalf2x16(scale_data[push.base[MATMUL_BINDING_SCALES] + index / 2]);
  return vec2((index & 1) == 0 ? pair.x : pair.y, 0.0);
#else
  return vec2(1.0, 0.0);
#endif
}

#endif
