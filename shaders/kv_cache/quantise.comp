#version 450
// New keys or values into an int8 cache with an f16 scale per 32 elements, turned by RoPE on the way or as they are.
//
// Idea: LANES invocations share a group: each loads its vectors once, keeps them in registers, learns the group's
// largest magnitude from the others, and stores its codes as whole words next to its neighbours'. The first of every
// second group stores two scales as one word. Codes are round(x / d) with d = max / 127, as GGUF's q8_0 has them: d is
// rounded to f16 after the codes are made. (ggml gives a group to one invocation, which reads it twice and writes 34
// bytes apart.) The others' magnitudes come through shared memory and one barrier, or (SHUFFLE) from lanes of the
// subgroup: two groups lie in 2 LANES neighbouring lanes, so that 2 LANES of 4 work with any subgroup size.
//
// Cost: reads 4 bytes and writes 1.06 per element. Wins: over quantising in a pass of its own, which writes and reads
// f16 or f32 in between. Eight lanes make the widest coalesced loads, two the widest stores: a tunable.
//
// build: plain_8 -DLANES=8
// build: plain_4 -DLANES=4
// build: plain_2 -DLANES=2
// build: pairs_8 -DLANES=8 -DPAIRS
// build: pairs_4 -DLANES=4 -DPAIRS
// build: pairs_2 -DLANES=2 -DPAIRS
// build: halves_8 -DLANES=8 -DHALVES
// build: halves_4 -DLANES=4 -DHALVES
// build: halves_2 -DLANES=2 -DHALVES
// build: plain_shuffle_8 -DLANES=8 -DSHUFFLE
// build: plain_shuffle_4 -DLANES=4 -DSHUFFLE
// build: plain_shuffle_2 -DLANES=2 -DSHUFFLE
// build: pairs_shuffle_8 -DLANES=8 -DPAIRS -DSHUFFLE
// build: pairs_shuffle_4 -DLANES=4 -DPAIRS -DSHUFFLE
// build: pairs_shuffle_2 -DLANES=2 -DPAIRS -DSHUFFLE
// build: halves_shuffle_8 -DLANES=8 -DHALVES -DSHUFFLE
// build: halves_shuffle_4 -DLANES=4 -DHALVES -DSHUFFLE
// build: halves_shuffle_2 -DLANES=2 -DHALVES -DSHUFFLE
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#define INT8
#include "io.glsl"
#include "quantise.glsl"

void main() { quantise_and_store(); }
