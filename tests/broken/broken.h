/* Kernels that are wrong on purpose: the prover must reject every one of them. */
#ifndef BROKEN_H
#define BROKEN_H

#include <stddef.h>

struct broken {
  const char *variant;   /* whose plan it runs under, in place of that variant's shader */
  const char *shader;    /* name in the SPIR-V table; without a build, that of the shader it replaces is added */
  const char *what;      /* what is wrong with it */
};

struct broken_room {
  const char *name;
  const struct broken *wrong;
  size_t n_wrong;
  /* Controls: built from the same source as the wrong ones but without a defect. The prover must accept them. */
  const struct broken *right;
  size_t n_right;
};
extern const struct broken_room broken_matmul, broken_attention, broken_adapter, broken_moe, broken_block,
                                broken_kv_cache;

#endif
