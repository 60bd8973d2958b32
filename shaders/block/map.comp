#version 450
// What is computed element by element: activations, gates, and the two additions.
//
// Idea: an invocation is four elements; rows are the second dimension of the grid, so no index is divided. The gates
// read gate and up from one row, as one matmul over the concatenated weights leaves them: the fusion of activation and
// product. All activations are x / (1 + exp(-z)), with z = x for SiLU and z = 2 sqrt(2/pi) (x + 0.044715 x^3) for the
// tanh form of GELU, since (1 + tanh(y)) / 2 = 1 / (1 + exp(-2y)): tanh itself overflows on some devices. GELU proper
// needs erf.
//
// Cost: every byte once. Wins: fused into the matmul's epilogue it would cost nothing; apart, these are the bytes.
//
// build: swiglu -DGATE=silu
// build: geglu -DGATE=gelu_tanh
// build: gelu -DUNARY=gelu_erf
// build: bias -DADD_ROW
// build: residual -DADD
#extension GL_GOOGLE_include_directive : require

#if defined(ADD) || defined(ADD_ROW)
#define BINDINGS 3
layout(binding = 1, std430) readonly restrict buffer other_buffer { vec4 other_data[]; };
#else
#define BINDINGS 2
#endif
#define OUT (BINDINGS - 1)
#include "push.glsl"

layout(binding = 0, std430) readonly restrict buffer x_buffer { vec4 x_data[]; };
layout(binding = OUT, std430) writeonly restrict buffer out_buffer { vec4 out_data[]; };

// exp stays below 2^126, where the precision of a division is specified: what is lost is under |x| e^-80.
vec4 sigmoid_product(vec4 x, vec4 z) { return x / (1.0 + exp(min(-z, 80.0))); }

vec4 silu(vec4 x) { return sigmoid_product(x, x); }

vec4 gelu_tanh(vec4 x) { return sigmoid_product(x, 1.5957691216 * (x + 0.044715 * x * x * x)); }

// erf by Abramowitz and Stegun 1964, 7.1.26: absolute error below 1.5e-7.
vec4 gelu_erf(vec4 x) {
  const vec4 z = min(abs(x) * 0.70710678118, 9.0);   // beyond, erf is 1 to every bit
  const vec4 t = 1.0 / (1.0 + 0.3275911 * z);
  const vec4 series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const vec4 tail = 0.5 * series * exp(-z * z);      // half of erfc(|x| / sqrt 2)
  return x * mix(tail, 1.0 - tail, greaterThan(x, vec4(0.0)));
}

void main() {
  const uint v = gl_GlobalInvocationID.x, row = gl_WorkGroupID.y;
  if (v >= p.vectors) return;
  const uint at = row * p.vectors + v;
#if defined(GATE)
  const uint gate = base[0] / 4 + 2 * row * p.vectors + v;
  const vec4 y = GATE(x_data[gate]) * x_data[gate + p.vectors];
#elif defined(UNARY)
  const vec4 y = UNARY(x_data[base[0] / 4 + at]);
#elif defined(ADD_ROW)
  const vec4 y = x_data[base[0] / 4 + at] + other_data[base[1] / 4 + v];
#else
  const vec4 y = x_data[base[0] / 4 + at] + other_data[base[1] / 4 + at];
#endif
  out_data[base[OUT] / 4 + at] = y;
}
