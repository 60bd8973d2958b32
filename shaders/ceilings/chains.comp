// build: fma_f32_wide -DPARALLEL=16 -DFMA
// build: fma_f32_narrow -DPARALLEL=8 -DFMA
// build: muladd_f32_wide -DPARALLEL=16
// build: muladd_f32_narrow -DPARALLEL=8
// build: fma_f16_wide -DPARALLEL=16 -DFMA -DF16
// build: fma_f16_narrow -DPARALLEL=8 -DFMA -DF16
// Rate of arithmetic. Idea: 16 chains x = x * factor + term with operands that only the buffer knows, started apart
// so that none can stand for another. Cost: registers, and one word read and written per invocation. `wide` runs the
// chains together and should win where an instruction takes long; `narrow` runs two halves one after the other and
// should win where registers are few (a CPU has 16). muladd leaves it to the driver whether multiplication and
// addition become one instruction: it should win where fma() is emulated (SwiftShader: 13 against 18-20 GFLOPS).
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "ceilings.h"

#ifdef F16
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define VALUE f16vec2   // a 32-bit lane holds two
#define FROM(c) f16vec2(c, c + 1)
#define TOTAL(v) (float(v.x) + float(v.y))
const uint LENGTH = PARALLEL / 2;
#else
#define VALUE float
#define FROM(c) float(c)
#define TOTAL(v) v
const uint LENGTH = PARALLEL;
#endif

#ifdef FMA
#define STEP(x) fma(x, factor, term)
#else
#define STEP(x) x * factor + term
#endif

layout(local_size_x_id = 0) in;
layout(push_constant) uniform Push { ceilings_chains push; };
layout(binding = 0) readonly buffer Start { float start[]; };
layout(binding = 1) readonly buffer Factors { float factors[]; };   // factor, term
layout(binding = 2) writeonly buffer Output { float result[]; };

float run(VALUE begin, uint first_chain, VALUE factor, VALUE term) {
  VALUE chain[LENGTH];
  [[unroll]] for (uint c = 0; c < LENGTH; c++) chain[c] = begin + FROM(first_chain + c * (PARALLEL / LENGTH));
  for (uint t = 0; t < push.trips; t++)
    [[unroll]] for (uint s = 0; s < CEILINGS_STEPS; s++)
      [[unroll]] for (uint c = 0; c < LENGTH; c++) chain[c] = STEP(chain[c]);
  float total = 0;
  [[unroll]] for (uint c = 0; c < LENGTH; c++) total += TOTAL(chain[c]);
  return total;
}

void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i >= push.elements) return;
  VALUE begin = VALUE(start[push.base[0] + i]);
  VALUE factor = VALUE(factors[push.base[1]]);
  VALUE term = VALUE(factors[push.base[1] + 1]);
  float total = 0;
  for (uint first = 0; first < CEILINGS_CHAINS; first += PARALLEL) total += run(begin, first, factor, term);
  result[push.base[2] + i] = total;
}
