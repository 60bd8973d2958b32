// SUMS sums over the workgroup at once: reduce, then any invocation may ask for any of them. Through shared memory, or
// (SUBGROUP) by subgroupAdd with shared memory only between the subgroups, which works at any subgroup size.
#ifndef ADAPTER_REDUCE_GLSL
#define ADAPTER_REDUCE_GLSL

#ifdef SUBGROUP
const uint PARTS = (gl_WorkGroupSize.x + 3) / 4;   // no subgroup is smaller than 4
#else
const uint PARTS = gl_WorkGroupSize.x;
#endif
const uint LEFT = 4;   // what the tree in shared memory leaves to `reduced`; workgroups have 8 invocations or more
shared float part[SUMS * PARTS];

void reduce(float sum[SUMS]) {
#ifdef SUBGROUP
  for (uint s = 0; s < SUMS; s++) {
    float total = subgroupAdd(sum[s]);
    if (subgroupElect()) part[s * PARTS + gl_SubgroupID] = total;
  }
#else
  for (uint s = 0; s < SUMS; s++) part[s * PARTS + gl_LocalInvocationIndex] = sum[s];
  for (uint width = PARTS / 2; width >= LEFT; width /= 2) {
    barrier();
    for (uint i = gl_LocalInvocationIndex; i < SUMS * width; i += gl_WorkGroupSize.x) {
      uint at = i / width * PARTS + i % width;
      part[at] += part[at + width];
    }
  }
#endif
  barrier();
}

float reduced(uint s) {
#ifdef SUBGROUP
  uint left = gl_NumSubgroups;
#else
  uint left = LEFT;
#endif
  float total = 0.0;
  for (uint i = 0; i < left; i++) total += part[s * PARTS + i];
  return total;
}

#endif
