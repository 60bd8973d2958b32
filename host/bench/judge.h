/* Is an output right? Comparison with the family's fp64 reference. No device in it. */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataset.h"
#include "error.h"
#include "result.h"

struct judgement {
  bool right;
  char what[256];              /* where and by how much it is wrong */
  double ratio;                /* the largest |error| / bound; 0 where everything is exact */
  struct result_error error;
  double sum_error2, sum_value2;   /* of which nmse is the quotient */
};

/* Compares every element with the reference of the variant, or of its family. The judgement starts zeroed with `right`
 * set; several calls accumulate. */
bool judge_all(const struct variant *, const struct dataset *, const float *output, struct judgement *, struct error *);
/* Compares at least 1,024 elements: all of a small output, else seeded ones, the first and last, and both sides of
 * the multiples of every dimension of the shape, which is where rows, columns, heads and tiles end; then the
 * family's check of the whole output where it has one. */
bool judge_some(const struct variant *, const struct dataset *, const float *output, uint64_t seed, struct judgement *,
                struct error *);
static inline struct judgement judgement_begin(void) { return (struct judgement){.right = true}; }

#endif
