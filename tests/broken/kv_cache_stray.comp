#version 450
// build: plain
// Broken: a row is stored again into the first row of the cache, which belongs to another token.
#extension GL_GOOGLE_include_directive : require
#include "kv_cache/io.glsl"

layout(binding = CACHE, std430) writeonly buffer cache_buffer { uvec2 cache_data[]; };

void main() {
  const place at = place(gl_WorkGroupID.z, gl_WorkGroupID.y, gl_GlobalInvocationID.x / (HEAD / 8));
  if (at.head >= p.heads) return;
  for (uint i = 0; i < 2; i++) {
    const uint v = gl_GlobalInvocationID.x % (HEAD / 8) * 2 + i;
    const vec4 x = x_load(at, v);
    const uvec2 words = uvec2(packHalf2x16(x.xy), packHalf2x16(x.zw));
    cache_data[base[CACHE] / 2 + cache_row(at) * HEAD_VECTORS + v] = words;
    if (p.position > 0) cache_data[base[CACHE] / 2 + v] = uvec2(0x3c003c00u);
  }
}
