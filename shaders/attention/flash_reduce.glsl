// What the invocations of flash.comp have to tell each other, through shared memory alone or through subgroups of
// any size first. Every function is called by the whole workgroup.
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif

const uint THREADS = gl_WorkGroupSize.x;
const uint BLOCK = THREADS * KEYS;
const uint TEAMS = THREADS / LANES;   // valid() sees to it that this is at least 1

shared float weight[ROWS * BLOCK];    // scores of a block, then their exponentials, [row][key]
shared uint visible[ROWS];            // keys that each row attends

#ifdef SUBGROUP

const uint PARTS = THREADS / 4;       // subgroups have at least 4 invocations
shared float part[ROWS * PARTS];

// Replaces each row's value by the largest over the workgroup; `part` is free again after the next barrier.
void row_max(inout float value[ROWS]) {
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    value[r] = subgroupMax(value[r]);
    if (subgroupElect()) part[r * PARTS + gl_SubgroupID] = value[r];
  }
  barrier();
  for (uint i = 0; i < gl_NumSubgroups; i++)
    [[unroll]] for (uint r = 0; r < ROWS; r++) value[r] = max(value[r], part[r * PARTS + i]);
}

void row_sum(inout float value[ROWS]) {
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    value[r] = subgroupAdd(value[r]);
    if (subgroupElect()) part[r * PARTS + gl_SubgroupID] = value[r];
    value[r] = 0.0;
  }
  barrier();
  for (uint i = 0; i < gl_NumSubgroups; i++)
    [[unroll]] for (uint r = 0; r < ROWS; r++) value[r] += part[r * PARTS + i];
}

#else

const uint PARTS = THREADS / ROWS < 8 ? THREADS / ROWS : 8;   // partial results of a row
shared float part[ROWS * PARTS];

// A row's scores lie in `weight`: a few invocations per row scan them, everybody reads their findings, one of each row
// at a time: all at once would take ROWS * PARTS registers beside the output's.
void row_max(inout float value[ROWS]) {
  const uint t = gl_LocalInvocationID.x;
  barrier();
  if (t < ROWS * PARTS) {
    float most = ATTENTION_LOWEST;
    for (uint i = t % PARTS; i < BLOCK; i += PARTS) most = max(most, weight[(t / PARTS) * BLOCK + i]);
    part[t] = most;
  }
  barrier();
  [[unroll]] for (uint r = 0; r < ROWS; r++) value[r] = ATTENTION_LOWEST;
  [[dont_unroll]] for (uint i = 0; i < PARTS; i++)
    [[unroll]] for (uint r = 0; r < ROWS; r++) value[r] = max(value[r], part[r * PARTS + i]);
}

void row_sum(inout float value[ROWS]) {
  const uint t = gl_LocalInvocationID.x;
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    weight[r * BLOCK + t] = value[r];
    value[r] = 0.0;
  }
  barrier();
  if (t < ROWS * PARTS) {
    float total = 0.0;
    for (uint i = t % PARTS; i < THREADS; i += PARTS) total += weight[(t / PARTS) * BLOCK + i];
    part[t] = total;
  }
  barrier();
  [[dont_unroll]] for (uint i = 0; i < PARTS; i++)
    [[unroll]] for (uint r = 0; r < ROWS; r++) value[r] += part[r * PARTS + i];
}

#endif

// Adds up what the teams gathered; the first team holds the result. One component at a time, in the room of `weight`.
void add_teams(inout vec4 o[ROWS]) {
  if (TEAMS == 1) return;
  const uint t = gl_LocalInvocationID.x;
  for (uint c = 0; c < 4; c++) {
    barrier();
    [[unroll]] for (uint r = 0; r < ROWS; r++) weight[r * BLOCK + t] = o[r][c];
    barrier();
    if (t < LANES)
      for (uint team = 1; team < TEAMS; team++)
        [[unroll]] for (uint r = 0; r < ROWS; r++) o[r][c] += weight[r * BLOCK + team * LANES + t];
  }
}
