// A shrink that is right but for what a broken kernel redefines: one invocation per sum, in the dispatches of
// shrink.main.
#include "adapter/adapter.h"
#include "common/unpack.glsl"

layout(local_size_x_id = 0) in;
layout(push_constant) uniform push { uint base[ADAPTER_SHRINK_BINDINGS]; adapter_params p; };
layout(set = 0, binding = ADAPTER_SHRINK_X) readonly buffer x_buffer { vec4 x_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_A) readonly buffer a_buffer { uvec4 a_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_V) writeonly buffer v_buffer { float v_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_SCALE) readonly buffer scale_buffer { float scale_data[]; };
layout(set = 0, binding = ADAPTER_SHRINK_IDS) readonly buffer id_buffer { uint id_data[]; };

#ifndef ID_ROW
#define ID_ROW(row) (row)                         // the row whose adapter a row has
#endif
#ifndef SCALE
#define SCALE(adapter) scale_data[base[ADAPTER_SHRINK_SCALE] + (adapter)]
#endif
#ifndef STORES
#define STORES(split) true                        // which parts of k are stored
#endif
#ifndef SUM_OF
#define SUM_OF(split, sum) (sum)                  // what a part of k stores
#endif

void main() {
  const uint row = gl_WorkGroupID.z, split = gl_WorkGroupID.y, lane = gl_LocalInvocationIndex;
  const uint rank = gl_WorkGroupID.x * ADAPTER_SHRINK_ROWS + lane, chunks = (p.k + 31) / 32 * 4;
  const uint v_row = (p.rank + ADAPTER_HALVES - 1) / ADAPTER_HALVES * ADAPTER_HALVES;
  if (lane >= ADAPTER_SHRINK_ROWS) return;
  const uint adapter = id_data[base[ADAPTER_SHRINK_IDS] + ID_ROW(row)];
  float sum = 0.0;
  for (uint chunk = split * p.part; chunk < min((split + 1) * p.part, chunks); chunk++) {
    const uvec4 a = a_data[base[ADAPTER_SHRINK_A] / 4 + (adapter * p.rank + min(rank, p.rank - 1)) * chunks + chunk];
    const uint x = base[ADAPTER_SHRINK_X] / 4 + (row * chunks + chunk) * 2;
    sum += dot(unpack_half(a.xy), x_data[x]) + dot(unpack_half(a.zw), x_data[x + 1]);
  }
  if (STORES(split))
    v_data[base[ADAPTER_SHRINK_V] + (row * p.splits + split) * v_row + rank] =
      rank < p.rank ? SCALE(adapter) * SUM_OF(split, sum) : 0.0;
}
