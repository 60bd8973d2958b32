#version 450
// build: scatter
// Broken: neighbouring slots trade places, and with them their experts.
#extension GL_GOOGLE_include_directive : require
#define PLACED(slot) min((slot) ^ 1, slot_count() - 1)
#include "moe_scatter.glsl"
