// A gemv that is right but for what a broken kernel redefines: one invocation per output, in the dispatches of
// matmul.*.gemv. Each macro below is one place where a kernel can go wrong.
#include "matmul/weights.glsl"

layout(local_size_x_id = MATMUL_SPEC_THREADS) in;
layout(constant_id = MATMUL_SPEC_ROWS) const uint ROWS = 2;
layout(constant_id = MATMUL_SPEC_COLS) const uint COLS = 1;

#ifndef ROWS_STORED
#define ROWS_STORED push.n                              // rows of this window that are stored
#endif
#ifndef SKIPS
#define SKIPS(k) false                                  // elements of K that are left out
#endif
#ifndef X_ELEMENT
#define X_ELEMENT(k) (k)                                // the element of x that meets weight k
#endif
#ifndef X_COL
#define X_COL(col) (col)                                // the row of x that is read for a column of the output
#endif
#ifndef SCALE_GROUP
#define SCALE_GROUP(group) (group)
#endif
#ifndef STORE
#define STORE(col, row, value) y_store(col, row, value)
#endif

float x_element(uint col, uint k) { return x_data[x_row(col) + k / 4][k % 4]; }

float output_element(uint col, uint row) {
  float sum = 0.0;
  uint per_chunk = CHUNK_VECS * 4;
  for (uint k = 0; k < push.k; k++) {
    if (SKIPS(k)) continue;
    vec4 w[CHUNK_VECS];
    chunk_decode(w_data[w_row(row) + k / per_chunk], w);
    vec2 scale = scale_load(row, SCALE_GROUP(k / WEIGHTS_GROUP));
    sum += (scale.x * w[k % per_chunk / 4][k % 4] + scale.y) * x_element(X_COL(col), X_ELEMENT(k));
  }
  return sum;
}

void main() {
  for (uint i = gl_LocalInvocationIndex; i < ROWS * COLS; i += gl_WorkGroupSize.x) {
    uint row = gl_WorkGroupID.x * ROWS + i / COLS, col = i % COLS;
    if (row < ROWS_STORED) STORE(col, row, output_element(col, row));
  }
}
