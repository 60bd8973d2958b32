#version 450
// Embedding: for every token its row of an f16 table, as 32-bit floats.
//
// Idea: an invocation copies four elements. A table beyond what one binding may hold is looked up slice by slice: each
// pass fills the rows whose token lies in the slice it binds.
//
// Cost: rows x width x 6 bytes, however long the table. Wins: there is no other way; the table may be the logits'
// matrix.
//
// build: f16
#extension GL_GOOGLE_include_directive : require
#define BINDINGS 3
#include "push.glsl"
#include "common/unpack.glsl"

layout(binding = 0, std430) readonly restrict buffer token_buffer { uint token_data[]; };
layout(binding = 1, std430) readonly restrict buffer table_buffer { uvec2 table_data[]; };
layout(binding = 2, std430) writeonly restrict buffer out_buffer { vec4 out_data[]; };

void main() {
  const uint v = gl_GlobalInvocationID.x, row = gl_WorkGroupID.y;
  const uint token = token_data[base[0] + p.first_row + row] - p.first_token;   // wraps below the slice
  if (v >= p.vectors || token >= p.tokens) return;
  out_data[base[2] / 4 + row * p.vectors + v] = unpack_half(table_data[base[1] / 2 + token * p.vectors + v]);
}
