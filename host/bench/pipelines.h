/* The pipelines of an open device, made once per shader and constants: drivers compile when they are made, and
 * software drivers again at the first dispatch, so a pipeline outlives the buffers it ran on. */
#ifndef PIPELINES_H
#define PIPELINES_H

#include <stdbool.h>

#include "error.h"
#include "gpu.h"
#include "kernel.h"

struct pipelines;
struct pipelines *pipelines_create(struct gpu *, struct error *);
void pipelines_destroy(struct pipelines *);   /* NULL is fine; before gpu_close */

/* Owned by the table. The time of the creation is added to *time, also when it was made earlier; *fresh is set when it
 * was not: its first dispatch is still to come. */
struct gpu_pipeline *pipelines_get(struct pipelines *, const struct variant *, const struct pass *,
                                   struct compile_time *time, bool *fresh, struct error *);
size_t pipelines_made(const struct pipelines *);

#endif
