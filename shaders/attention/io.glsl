// Bindings and loads of Q, K, V. Every pass binds Q, K, V, for int8 their scales, then what it writes (OUT), and
// naive attention its scores (SCORES). All loads are whole vectors: rows are multiples of 8 elements.
#include "common/unpack.glsl"
#include "attention.h"

layout(local_size_x_id = 0) in;
layout(constant_id = ATTENTION_SPEC_HEAD) const uint HEAD = 64;

const uint LANES = HEAD / 4;    // vec4 of a row
const uint STEPS = HEAD / 8;    // steps of a dot product

#ifdef KV_INT8
#define K_SCALE 3
#define V_SCALE 4
#define OUT 5
#else
#define OUT 3
#endif
#define SCORES (OUT + 1)

#ifdef NAIVE
#define BINDINGS (SCORES + 1)
#else
#define BINDINGS (OUT + 1)
#endif

layout(push_constant, std430) uniform push {
  uint base[BINDINGS];          // where a tensor begins in its binding, in words: a multiple of 4
  attention_params p;
};

layout(binding = 0, std430) readonly restrict buffer query_buffer { vec4 query_data[]; };
layout(binding = OUT, std430) writeonly restrict buffer out_buffer { vec4 out_data[]; };

#ifdef KV_INT8
layout(binding = 1, std430) readonly restrict buffer key_buffer { uvec2 key_data[]; };
layout(binding = 2, std430) readonly restrict buffer value_buffer { uint value_data[]; };
layout(binding = K_SCALE, std430) readonly restrict buffer key_scale_buffer { uint key_scale_data[]; };
layout(binding = V_SCALE, std430) readonly restrict buffer value_scale_buffer { uint value_scale_data[]; };

float half_of(uint word, uint index) {
  const vec2 both = unpackHalf2x16(word);
  return (index & 1u) == 0u ? both.x : both.y;
}
#else
layout(binding = 1, std430) readonly restrict buffer key_buffer { uvec4 key_data[]; };
layout(binding = 2, std430) readonly restrict buffer value_buffer { uvec2 value_data[]; };
#endif

// Elements 4 lane .. 4 lane + 3 of a query row.
vec4 query_load(uint pair, uint row, uint lane) {
  return query_data[base[0] / 4 + (pair * p.rows + row) * LANES + lane];
}

// Elements 8 step .. 8 step + 7 of a key.
void key_load(uint pair, uint key, uint step, out vec4 low, out vec4 high) {
  const uint at = (pair * p.keys + key) * STEPS + step;
#ifdef KV_INT8
  const uvec2 words = key_data[base[1] / 2 + at];
  const uint group = pair * p.scales + (key * HEAD + 8 * step) / ATTENTION_GROUP;
  const float scale = half_of(key_scale_data[base[K_SCALE] + group / 2], group);
  low = scale * unpack_int8(words.x);
  high = scale * unpack_int8(words.y);
#else
  const uvec4 words = key_data[base[1] / 4 + at];
  low = unpack_half(words.xy);
  high = unpack_half(words.zw);
#endif
}

// Elements 4 lane .. 4 lane + 3 of a value row.
vec4 value_load(uint pair, uint key, uint lane) {
  const uint at = (pair * p.keys + key) * LANES + lane;
#ifdef KV_INT8
  const uint group = pair * p.scales + (key * HEAD + 4 * lane) / ATTENTION_GROUP;
  return half_of(value_scale_data[base[V_SCALE] + group / 2], group) * unpack_int8(value_data[base[2] + at]);
#else
  return unpack_half(value_data[base[2] / 2 + at]);
#endif
}

// Keys that a row of the window attends: 0 .. visible_keys - 1.
uint visible_keys(uint row) { return p.visible + p.step * ((p.first_row + row) % p.queries); }

// The most keys that any of `count` rows attends: their last one's, unless they run over into the next head.
uint visible_keys_of_tile(uint row, uint count) {
  const uint last = min(row + count, p.rows) - 1;
  const bool one_head = (p.first_row + row) / p.queries == (p.first_row + last) / p.queries;
  return one_head ? visible_keys(last) : p.visible + p.step * (p.queries - 1);
}
