// Sums and maxima over the invocations that share a row, through shared memory alone or through subgroups of any size
// first. Called by the whole workgroup; LANES invocations share a row, all of them with subgroups.
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif

const uint THREADS = gl_WorkGroupSize.x;
shared float part[THREADS];

#ifdef SUBGROUP

// Leaves every subgroup's value in `part`.
void share(float value) {
  barrier();   // an earlier result may still be read
  if (subgroupElect()) part[gl_SubgroupID] = value;
  barrier();
}

float row_sum(float value) {
  share(subgroupAdd(value));
  float total = 0.0;
  for (uint i = 0; i < gl_NumSubgroups; i++) total += part[i];
  return total;
}

float row_max(float value) {
  share(subgroupMax(value));
  float most = BLOCK_LOWEST;
  for (uint i = 0; i < gl_NumSubgroups; i++) most = max(most, part[i]);
  return most;
}

#else

float over_row(float value, bool largest) {
  if (LANES == 1) return value;
  const uint t = gl_LocalInvocationID.x;
  barrier();   // an earlier result may still be read
  part[t] = value;
  for (uint stride = LANES / 2; stride > 0; stride /= 2) {
    barrier();
    if (t % LANES < stride) part[t] = largest ? max(part[t], part[t + stride]) : part[t] + part[t + stride];
  }
  barrier();
  return part[t / LANES * LANES];
}

float row_sum(float value) { return over_row(value, false); }
float row_max(float value) { return over_row(value, true); }

#endif
