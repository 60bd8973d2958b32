/* The table that RoPE kernels read (Su et al. 2021, arXiv 2104.09864): made on the host, because GLSL's sin and cos are
 * specified within [-pi, pi] only and an f32 angle at position 131,071 is right to 0.008. */
#ifndef ROPE_H
#define ROPE_H

#include <stdint.h>

/* One row of the table: cos and sin of position * theta^(-2 i / head) by turns, for i < head / 2: `head` floats,
 * each the double rounded once. theta: 10000 in the paper, 500000 in Llama 3. */
void rope_angles(float *out, uint64_t position, uint64_t head, double theta);

#endif
