/* What the files of this room share: the door (matmul.c) shows it to the rest of the program as tables. */
#ifndef ROOM_H
#define ROOM_H

#include "kernel.h"
#include "matmul.h"

/* plan.c */
const char *plan_gemv_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *plan_gemv_sg_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *plan_rows_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *plan_tiled_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool plan_gemv(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
               uint32_t min_windows, struct dispatch_plan *, struct error *);
bool plan_rows(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
               uint32_t min_windows, struct dispatch_plan *, struct error *);
bool plan_tiled(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                uint32_t min_windows, struct dispatch_plan *, struct error *);
const char *plan_coopmat_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool plan_coopmat(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                  uint32_t min_windows, struct dispatch_plan *, struct error *);

/* fill.c */
void fill_matmul(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);

/* reference.c */
void reference_matmul(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                      const uint64_t *index, size_t n, double *value, double *bound);
void reference_whole(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                     const float *output, uint64_t seed, double *residual, double *bound);
/* Of a matrix unit, whose operands are f16. */
void reference_matmul_f16(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                          const uint64_t *index, size_t n, double *value, double *bound);
void reference_whole_f16(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                         const float *output, uint64_t seed, double *residual, double *bound);

#endif
