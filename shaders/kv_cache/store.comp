#version 450
// New keys or values into an f16 cache, turned by RoPE on the way or as they are.
//
// Idea: an invocation packs eight elements into one 16-byte store. Tokens lie row by row in x and head by head in the
// cache: the second and third dimension of the grid are row and sequence, so that only the head is found by a division.
//
// Cost: reads 4 bytes and writes 2 per element; with half-split RoPE x is read twice, the second time from the cache.
// Wins: RoPE fused with the store leaves out a write and a read of the keys. Quality: that of f16.
//
// build: plain
// build: pairs -DPAIRS
// build: halves -DHALVES
#extension GL_GOOGLE_include_directive : require
#include "io.glsl"

layout(binding = CACHE, std430) writeonly restrict buffer cache_buffer { uvec4 cache_data[]; };

const uint HEAD_UNITS = HEAD / 8;

uvec2 pack(vec4 x) { return uvec2(packHalf2x16(x.xy), packHalf2x16(x.zw)); }

void main() {
  const uint unit = gl_GlobalInvocationID.x;
  const place at = place(gl_WorkGroupID.z, gl_WorkGroupID.y, unit / HEAD_UNITS);
  if (at.head >= p.heads) return;
  const uint k = unit % HEAD_UNITS;
  const uvec4 words = uvec4(pack(x_load(at, 2 * k)), pack(x_load(at, 2 * k + 1)));
  cache_data[base[CACHE] / 4 + cache_row(at) * HEAD_UNITS + k] = words;
}
