// Bindings, and the loads of new keys or values, turned by RoPE on the way where the build says so.
#include "kv_cache.h"

layout(local_size_x_id = 0) in;
layout(constant_id = KV_CACHE_SPEC_HEAD) const uint HEAD = 64;

#if defined(PAIRS) || defined(HALVES)
#define ANGLES 1
#define CACHE 2
#else
#define CACHE 1
#endif
#ifdef INT8
#define SCALES (CACHE + 1)
#define BINDINGS (CACHE + 2)
#else
#define BINDINGS (CACHE + 1)
#endif

layout(push_constant, std430) uniform push {
  uint base[BINDINGS];   // where a tensor begins in its bound range, in words: a multiple of 4
  kv_cache_params p;
};
layout(binding = 0, std430) readonly restrict buffer x_buffer { vec4 x_data[]; };
#ifdef ANGLES
// (cos, sin) of two pairs
layout(binding = ANGLES, std430) readonly restrict buffer angle_buffer { vec4 angle_data[]; };
#endif

const uint HEAD_VECTORS = HEAD / 4;

// Where the invocation works: row `row` of sequence `sequence`, of which it takes vectors of KV head `head` of the
// window.
struct place { uint sequence, row, head; };

// Vector `v` of a head: elements 4 v .. 4 v + 3.
vec4 x_load(place at, uint v) {
  const uint token = at.sequence * p.rows + at.row;
  const uint head = base[0] / 4 + (token * p.all_heads + p.first_head + at.head) * HEAD_VECTORS;
  const vec4 x = x_data[head + v];
#ifdef ANGLES
  const uint angle = base[ANGLES] / 4 + token * HEAD_VECTORS;
#endif
#if defined(PAIRS)
  const vec4 turn = angle_data[angle + v];
  return x * turn.xxzz + vec4(-x.y, x.x, -x.w, x.z) * turn.yyww;
#elif defined(HALVES)
  const bool second = v >= HEAD_VECTORS / 2;
  const uint partner = second ? v - HEAD_VECTORS / 2 : v + HEAD_VECTORS / 2;
  const uint pair = 2 * min(v, partner);
  const vec4 low = angle_data[angle + pair], high = angle_data[angle + pair + 1];
  const vec4 other = x_data[head + partner];
  return x * vec4(low.xz, high.xz) + (second ? other : -other) * vec4(low.yw, high.yw);
#else
  return x;
#endif
}

// The row of the cache that a place belongs to, counted from the first that is bound.
uint cache_row(place at) { return (at.sequence * p.heads + at.head) * p.capacity + p.position + at.row; }
