/* Results of rows that nobody measured, on a device that nobody has: what the cost model makes of known times. */
#ifndef SYNTHETIC_H
#define SYNTHETIC_H

#include "cost.h"

enum { SYNTHETIC_ROWS = 64 };
struct synthetic {
  struct result result;
  struct result_row rows[SYNTHETIC_ROWS];   /* of the result */
};

/* No rows yet, on a device with subgroups of 32. */
void synthetic_start(struct synthetic *);
struct kernel_case synthetic_matmul(int64_t m, int64_t n, int64_t k);
/* An ok row of the case with this time, its interval +-10 %. */
struct result_row *synthetic_add(struct synthetic *, const struct kernel_case *, char *technique, char *variant,
                                 double ns);
/* These fail the test where the cost model does. */
struct cost_model *synthetic_build(const struct synthetic *);
struct cost_estimate synthetic_predict(const struct cost_model *, const char *technique, const struct kernel_case *);

#endif
