/* What the files of this room share. */
#ifndef ROOM_H
#define ROOM_H

#include "kernel.h"

enum { DIM_BYTES, DIM_TRIPS };
enum { TUNE_GROUP, TUNE_TURNS };
enum { TUNE_SUBGROUPS };   /* coopmat */
enum ceiling {
  CEILING_READ, CEILING_COPY, CEILING_FMA_F32, CEILING_MULADD_F32, CEILING_FMA_F16, CEILING_COOPMAT,
  CEILING_EMPTY, CEILINGS
};

enum ceiling ceiling_of(const char *technique_id);
bool ceiling_computes(enum ceiling);   /* one of the chains */

/* plan.c: read and copy with 16 lanes or one to a tile */
bool ceiling_plan_columns(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool ceiling_plan_tiles(const struct variant *, const struct kernel_case *, const struct caps *,
                        const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool ceiling_plan_chains(const struct variant *, const struct kernel_case *, const struct caps *,
                         const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
const char *ceiling_valid_coopmat(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool ceiling_plan_coopmat(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool ceiling_plan_empty(const struct variant *, const struct kernel_case *, const struct caps *,
                        const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);

/* reference.c */
void ceiling_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);
void ceiling_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                       const uint64_t *index, size_t n, double *value, double *bound);

#endif
