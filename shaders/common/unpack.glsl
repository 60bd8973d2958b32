// Decoding of packed storage with 32-bit integers only, so that no 8- or 16-bit feature is needed. A code is
// placed into the mantissa of 2^23 and the bias taken off: one logic operation and one addition, exact, where an
// integer-to-float conversion runs at a quarter of that rate on many GPUs.
#ifndef COMMON_UNPACK_GLSL
#define COMMON_UNPACK_GLSL

// Four bytes of four words, lowest byte kept, minus bias.
vec4 unpack_byte_lanes(uvec4 lanes, uint mask, float bias) {
  return uintBitsToFloat((lanes & mask) | 0x4B000000u) - (8388608.0 + bias);
}

// Four signed bytes, lowest address first.
vec4 unpack_int8(uint word) {
  uint flipped = word ^ 0x80808080u;
  return unpack_byte_lanes(uvec4(flipped, flipped >> 8, flipped >> 16, flipped >> 24), 255u, 128.0);
}

// The low nibbles of four bytes, minus bias. High nibbles: shift the word by 4 first.
vec4 unpack_int4(uint word, float bias) {
  return unpack_byte_lanes(uvec4(word, word >> 8, word >> 16, word >> 24), 15u, bias);
}

// Four halves from two words, lowest address first.
vec4 unpack_half(uvec2 words) { return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y)); }

#endif
