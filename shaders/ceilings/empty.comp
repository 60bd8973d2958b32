// build: store
// Dispatch overhead. Idea: the least that can be proved to have run, one workgroup that stores its indices. Cost: none
// to speak of. There is nothing to win: every other time contains this one.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "ceilings.h"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform Push { ceilings_empty push; };
layout(binding = 0) writeonly buffer Output { float result[]; };

void main() {
  uint i = gl_LocalInvocationID.x;
  if (i < push.elements) result[push.base[0] + i] = float(i + 1);
}
