// The body of quantise.comp, in pieces; every function is called by the whole workgroup.
#ifdef SHUFFLE
#extension GL_KHR_shader_subgroup_shuffle : require
#endif

#define VECTORS (8 / LANES)   // of an invocation: its share of a group of 32

#if LANES == 8
#define CODES uint
#elif LANES == 4
#define CODES uvec2
#else
#define CODES uvec4
#endif
layout(binding = CACHE, std430) writeonly buffer code_buffer { CODES code_data[]; };
layout(binding = SCALES, std430) writeonly buffer scale_buffer { uint scale_data[]; };

const uint HEAD_GROUPS = HEAD / KV_CACHE_GROUP;

#ifdef SHUFFLE
// Largest magnitudes of this invocation's group and of the other group of its pair.
vec2 largest_of(float own) {
  [[unroll]] for (uint mask = 1; mask < LANES; mask *= 2) own = max(own, subgroupShuffleXor(own, mask));
  return vec2(own, subgroupShuffleXor(own, LANES));
}
#else
shared float part[gl_WorkGroupSize.x];

vec2 largest_of(float own) {
  const uint t = gl_LocalInvocationID.x, group = t / LANES * LANES;
  part[t] = own;
  barrier();
  vec2 most = vec2(0.0);
  [[unroll]] for (uint i = 0; i < LANES; i++) most = max(most, vec2(part[group + i], part[(group ^ LANES) + i]));
  return most;
}
#endif

uint pack(vec4 codes) {
  const uvec4 byte = uvec4(ivec4(codes)) & 255u;
  return byte.x | byte.y << 8 | byte.z << 16 | byte.w << 24;
}

void quantise_and_store() {
  const uint unit = gl_GlobalInvocationID.x / LANES, lane = gl_GlobalInvocationID.x % LANES;
  const bool mine = unit / HEAD_GROUPS < p.heads;
  const uint head = min(unit / HEAD_GROUPS, p.heads - 1);   // nobody leaves before the others have heard from it
  const place at = place(gl_WorkGroupID.z, gl_WorkGroupID.y, head);
  const uint group = unit % HEAD_GROUPS;

  vec4 x[VECTORS];
  float own = 0.0;
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    x[v] = x_load(at, group * (KV_CACHE_GROUP / 4) + lane * VECTORS + v);
    const vec4 magnitude = abs(x[v]);
    own = max(own, max(max(magnitude.x, magnitude.y), max(magnitude.z, magnitude.w)));
  }
  const vec2 d = largest_of(own) / 127.0;
  if (!mine) return;

  const float inverse = d.x < 2.98023223876953125e-8 ? 0.0 : 1.0 / d.x;   // 2^-25: a scale that f16 rounds to zero
  CODES codes;
#if LANES == 8
  codes = pack(roundEven(x[0] * inverse));
#else
  [[unroll]] for (uint v = 0; v < VECTORS; v++) codes[v] = pack(roundEven(x[v] * inverse));
#endif
  const uint row = cache_row(at);
  code_data[base[CACHE] / VECTORS + (row * HEAD_GROUPS + group) * LANES + lane] = codes;

  if (lane == 0 && group % 2 == 0) {
    const uint pair = at.sequence * p.heads + at.head;
    const uint word = pair * p.scale_words + (p.position + at.row) * (HEAD_GROUPS / 2) + group / 2;
    scale_data[base[SCALES] + word] = packHalf2x16(d);
  }
}
