/* The distinct pipelines that plans ask for, with the first tuning that asked. */
#ifndef RECIPES_H
#define RECIPES_H

#include <stddef.h>

#include "error.h"
#include "job.h"
#include "kernel.h"

struct recipes {
  struct planned_recipe { struct recipe recipe; int32_t tuning[KERNEL_TUNABLES]; } *list;
  size_t n, capacity;
};

/* Plans the case, whole, and adds what is new. False: the variant cannot plan it (ERROR_UNSUPPORTED and the like, the
 * list is as it was) or memory ran out (ERROR_MEMORY). Zeroed at first; free with recipes_free. */
bool recipes_add(struct recipes *, const struct variant *, const struct kernel_case *, const struct caps *,
                 const int32_t *tuning, struct error *);
size_t recipes_find(const struct recipes *, const struct recipe *);   /* its index; n: it is not there */
void recipes_free(struct recipes *);

#endif
