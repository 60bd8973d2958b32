/* Kernels that are wrong on purpose: the prover must reject every one of them. */
#ifndef BROKEN_H
#define BROKEN_H

#include <stddef.h>

struct broken {
  const char *variant;   /* whose plan it runs under, in place of that variant's shader */
  const char *shader;    /* name in the SPIR-V table; without a build, that of the shader it replaces is added */
  const char *what;      /* what is wrong with it */
};

extern const struct broken broken_matmul[], broken_attention[], broken_block[], broken_kv_cache[];
extern const size_t n_broken_matmul, n_broken_attention, n_broken_block, n_broken_kv_cache;

/* Controls: built from the same source as the broken ones but without a defect. The prover must accept them. */
extern const struct broken right_matmul[], right_attention[], right_block[];
extern const size_t n_right_matmul, n_right_attention, n_right_block;

#endif
