// A base with its adapter that is right but for what a broken kernel redefines: one invocation per output, in the
// dispatches of adapter.*.gemv.
#include "adapter/fused.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = ADAPTER_SPEC_ROWS) const uint ROWS = 2;
layout(constant_id = ADAPTER_SPEC_COLS) const uint COLS = 1;
layout(set = 0, binding = ADAPTER_FUSED_IDS) readonly buffer id_buffer { uint id_data[]; };

#ifndef ID_ROW
#define ID_ROW(row) (row)                         // the row whose adapter a row has
#endif
#ifndef RANKS
#define RANKS p.rank                              // elements of v that are used
#endif
#ifndef STORE
#define STORE(adapter, col, row, base_sum, delta) y_store(adapter, col, row, (base_sum) + (delta))
#endif

float base_element(uint col, uint row) {
  float sum = 0.0;
  for (uint chunk = 0; chunk < groups() * GROUP_CHUNKS; chunk++) {
    vec4 w[CHUNK_VECS];
    chunk_decode(w_data[w_begin(row) + chunk], w);
    for (uint v = 0; v < CHUNK_VECS; v++)
      sum += step_load(row, chunk / GROUP_CHUNKS) * dot(w[v], x_data[x_begin(col) + chunk * CHUNK_VECS + v]);
  }
  return sum;
}

float delta_element(uint adapter, uint col, uint row) {
  float sum = 0.0;
  for (uint r = 0; r < RANKS; r++) {
    vec4 v[2], b[2];
    v_load(col, r / 8, v[0], v[1]);
    b_load(adapter, row, r / 8, b[0], b[1]);
    sum += v[r % 8 / 4][r % 4] * b[r % 8 / 4][r % 4];
  }
  return sum;
}

void main() {
  for (uint i = gl_LocalInvocationIndex; i < ROWS * COLS; i += gl_WorkGroupSize.x) {
    const uint row = gl_WorkGroupID.x * ROWS + i / COLS, col = i % COLS;
    const uint adapter = id_data[base[ADAPTER_FUSED_IDS] + ID_ROW(col)];
    if (row < p.n) STORE(adapter, col, row, base_element(col, row), delta_element(adapter, col, row));
  }
}
