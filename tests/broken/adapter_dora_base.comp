#version 450
// build: f16_dora -DWEIGHTS=1 -DDORA
// Broken: DoRA's factor multiplies only what the adapter adds.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define FACTOR(adapter, row) factor_data[base[FACTOR_BINDING] + (adapter) * p.stride + p.column + (row)]
#define STORE(adapter, col, row, base_sum, delta) y_store(adapter, col, row, delta + (base_sum) / FACTOR(adapter, row))
#include "adapter_fused.glsl"
