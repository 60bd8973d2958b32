/* Every kernel through a driver's compiler, and what became of it. Runs none of them.
 *
 * Which pipelines: all that the plans of the standard suite's cases ask for, decode and prefill, each once (shapes are
 * push constants, so there are few); of a family that the suite leaves out, those of its proof shapes. */
#ifndef COMPILE_H
#define COMPILE_H

#include <stdbool.h>
#include <stddef.h>

#include "job.h"

struct compile_options {
  size_t device;         /* index in gpu_list */
  const char *uuid;      /* of the device that is meant, as in run_options; NULL: any will do */
  const char *filter;    /* glob over variant ids, NULL: all */
  bool all_tunings;      /* every combination of candidate values; else the default of each case */
  bool validation;
};

struct compiled {
  const struct variant *variant;
  struct recipe recipe;              /* spirv NULL: the variant has nothing to compile here, see status */
  int32_t tuning[KERNEL_TUNABLES];   /* the first that asked for it */
  enum status status;                /* ok, or why not with the reason */
  char reason[512];
  struct gpu_code code;              /* where ok */
};

struct compiled_list {
  struct caps caps;
  struct compiled *rows;
  size_t n, capacity;
};

/* A worker compiles: a compiler that crashes or hangs costs one row. Fills a zeroed list, in the order of the
 * registry; free it with compile_free also after a failure. */
bool compile_all(const struct compile_options *, struct compiled_list *, struct error *);
void compile_free(struct compiled_list *);

#endif
