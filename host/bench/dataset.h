/* The test data of a case on the host: what its family's fill writes, a buffer for each tensor. */
#ifndef DATASET_H
#define DATASET_H

#include <stdint.h>

#include "error.h"
#include "kernel.h"

struct dataset {
  struct kernel_case kase;
  const struct technique *technique;
  enum fill fill;
  uint64_t seed;
  struct tensor_list tensors;          /* without scratch */
  void *data[KERNEL_TENSORS];          /* NULL for the output */
  size_t output;                       /* index of the output tensor */
};

struct dataset *dataset_create(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed,
                               struct error *);
void dataset_free(struct dataset *);   /* NULL is fine */
/* Is this the data that dataset_create would make of these? */
bool dataset_is(const struct dataset *, const struct kernel_case *, const struct technique *, enum fill, uint64_t seed);
/* Words of the output. */
static inline uint64_t dataset_outputs(const struct dataset *set) { return set->tensors.tensor[set->output].bytes / 4; }

#endif
