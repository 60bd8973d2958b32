// Flash attention at its plainest, right as it stands: an invocation is four elements of a row and computes every score
// for itself. The broken kernels that include it define one of these three otherwise.
#extension GL_EXT_control_flow_attributes : require

#ifndef KEYS_OF
#define KEYS_OF(row) visible_keys(row)
#endif
#ifndef RESCALED
#define RESCALED(o, shrink) ((o) * (shrink))
#endif
#ifndef VALUE
#define VALUE(pair, key, lane) value_load(pair, key, lane)
#endif

float score(uint pair, uint row, uint key) {
  float s = 0.0;
  for (uint begin = 0; begin < STEPS; begin += 8)   /* unrolled, see LOOP_TRIPS in shaders/attention/plan.c */
    [[unroll]] for (uint i = 0; i < 8; i++) {
      const uint step = begin + i;
      if (step < STEPS) {
        vec4 low, high;
        key_load(pair, key, step, low, high);
        s += dot(query_load(pair, row, 2 * step), low) + dot(query_load(pair, row, 2 * step + 1), high);
      }
    }
  return s * p.scale;
}

void main() {
  const uint pair = gl_WorkGroupID.z;
  for (uint i = gl_LocalInvocationID.x; i < ROWS * LANES; i += gl_WorkGroupSize.x) {
    const uint row = gl_WorkGroupID.x * ROWS + i / LANES, lane = i % LANES;
    if (row >= p.rows) return;
    float top = ATTENTION_LOWEST, sum = 0.0;
    vec4 o = vec4(0.0);
    for (uint key = 0; key < KEYS_OF(row); key++) {
      const float s = score(pair, row, key), risen = max(top, s), shrink = exp(top - risen), e = exp(s - risen);
      sum = sum * shrink + e;
      o = RESCALED(o, shrink) + e * VALUE(pair, key, lane);
      top = risen;
    }
    out_data[base[OUT] / 4 + (pair * p.rows + row) * LANES + lane] = o / sum;
  }
}
