/* What the variants (variants.c) ask of the plan (plan.c). */
#ifndef GEOMETRY_H
#define GEOMETRY_H

#include "kernel.h"

/* Iterations of an invocation, an eighth below where lavapipe of Mesa 22.3 leaves every loop. */
enum { MOST_ITERATIONS = 57344 };

enum algorithm { GATHER, GROUPED, DENSE };

/* What one workgroup covers, and with what. */
struct geometry {
  enum algorithm algorithm;
  uint32_t spec[KERNEL_SPEC], n_spec;
  uint64_t group_n, group_m;   /* rows of w; rows of x: slots of one expert, or for dense tokens */
};

/* As `plan` of struct variant. */
bool moe_plan_windows(const struct variant *, const struct kernel_case *, const struct caps *, const struct geometry *,
                      uint32_t min_windows, struct dispatch_plan *, struct error *);

#endif
