#version 450
// RMSNorm (Zhang and Sennrich 2019) and LayerNorm (Ba et al. 2016) over rows.
//
// Idea: LANES invocations share a row, a workgroup holds as many rows as fit. A row is swept once for each statistic
// and once for the result; all sweeps but the first find it in the nearest cache. The variance is the mean square of
// what is left after the mean, in a sweep of its own: mean(x^2) - mean(x)^2 would cancel.
// ADD: the residual is added on the way in, and the sum, which the next residual needs, is written beside the norm:
// rows of the output hold the sum, then the norm. Each invocation reads back only what it wrote itself.
// ROPE: rows are heads, and are turned on the way out; a row of angles serves all heads of a token.
//
// Cost: reads a row from memory once and writes it once; one reduction per statistic.
// Wins: ADD over residual and norm apart, which read and write the sum once more. One invocation per row
// (LANES 1) has no barriers: on CPU drivers, given rows enough; one subgroup or more for long rows on GPUs.
//
// build: rms
// build: layer -DLAYER
// build: add_rms -DADD
// build: rms_rope -DROPE
// build: rms_subgroup -DSUBGROUP
// build: layer_subgroup -DSUBGROUP -DLAYER
// build: add_rms_subgroup -DSUBGROUP -DADD
// build: rms_rope_subgroup -DSUBGROUP -DROPE
#extension GL_GOOGLE_include_directive : require

#if defined(LAYER) || defined(ADD) || defined(ROPE)
#define BINDINGS 4
#else
#define BINDINGS 3
#endif
#define OUT (BINDINGS - 1)
#ifdef ADD
#define RESIDUAL 1
#define WEIGHT 2
#define OUT_ROWS 2
#else
#define WEIGHT 1
#define OUT_ROWS 1
#endif
#include "push.glsl"

layout(constant_id = BLOCK_SPEC_LANES) const uint LANES = 64;

layout(binding = 0, std430) readonly buffer x_buffer { vec4 x_data[]; };
layout(binding = WEIGHT, std430) readonly buffer weight_buffer { vec4 weight_data[]; };
#ifdef LAYER
layout(binding = 2, std430) readonly buffer bias_buffer { vec4 bias_data[]; };
#endif
#ifdef ADD
layout(binding = RESIDUAL, std430) readonly buffer residual_buffer { vec4 residual_data[]; };
#endif
#ifdef ROPE
layout(binding = 2, std430) readonly buffer angle_buffer { vec4 angle_data[]; };   // (cos, sin) of two pairs
#endif
layout(binding = OUT, std430) buffer out_buffer { vec4 out_data[]; };

#include "reduce.glsl"

const uint TEAMS = THREADS / LANES;

void main() {
  const uint lane = gl_LocalInvocationID.x % LANES;
  const uint wanted = gl_WorkGroupID.x * TEAMS + gl_LocalInvocationID.x / LANES;
  const bool mine = wanted < p.rows;
  const uint row = min(wanted, p.rows - 1);   // nobody leaves before the barriers
  const uint out_row = base[OUT] / 4 + row * OUT_ROWS * p.vectors;

#ifdef ADD
#define X(v) out_data[out_row + (v)]
#else
#define X(v) x_data[base[0] / 4 + row * p.vectors + (v)]
#endif

  float mean = 0.0;
#ifdef LAYER
  for (uint v = lane; v < p.vectors; v += LANES) mean += dot(X(v), vec4(1.0));
  mean = row_sum(mean) * p.inverse;
#endif

  float squares = 0.0;
  if (mine)
    for (uint v = lane; v < p.vectors; v += LANES) {
#ifdef ADD
      const uint at = row * p.vectors + v;
      const vec4 x = x_data[base[0] / 4 + at] + residual_data[base[RESIDUAL] / 4 + at];
      X(v) = x;
#else
      const vec4 x = X(v) - mean;
#endif
      squares += dot(x, x);
    }
  const float scale = inversesqrt(row_sum(squares) * p.inverse + BLOCK_EPSILON);
  if (!mine) return;

#ifdef ROPE
#define NORMED(v) (X(v) * scale * weight_data[base[WEIGHT] / 4 + (v)])
  const uint angle = base[2] / 4 + row / p.heads * p.vectors, half_row = p.vectors / 2;
  for (uint v = lane; v < half_row; v += LANES) {
    const vec4 low = angle_data[angle + 2 * v], high = angle_data[angle + 2 * v + 1];
    const vec4 c = vec4(low.xz, high.xz), s = vec4(low.yw, high.yw);
    const vec4 a = NORMED(v), b = NORMED(v + half_row);
    out_data[out_row + v] = a * c - b * s;
    out_data[out_row + v + half_row] = b * c + a * s;
  }
#else
  for (uint v = lane; v < p.vectors; v += LANES) {
    vec4 y = (X(v) - mean) * scale * weight_data[base[WEIGHT] / 4 + v];
#ifdef LAYER
    y += bias_data[base[2] / 4 + v];
#endif
    out_data[out_row + (OUT_ROWS - 1) * p.vectors + v] = y;
  }
#endif
}
