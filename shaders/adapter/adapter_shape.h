/* A case of this room with all that follows from its dimensions; shared by the room's files. */
#ifndef ADAPTER_SHAPE_H
#define ADAPTER_SHAPE_H

#include "adapter.h"
#include "kernel.h"

enum adapter_dim { DIM_M, DIM_N, DIM_K, DIM_RANK, DIM_ADAPTERS, ADAPTER_DIMS };

/* Tensors of the base, as the matmul family lists them: the first of ours. */
enum adapter_base_tensor { TENSOR_X, TENSOR_W, TENSOR_Y, TENSOR_W_SCALES };

struct adapter_shape {
  uint64_t m, n, k, rank, adapters;
  struct kernel_case base;           /* the op without the adapters: a matmul */
  const struct technique *format;    /* of the base's weights: a technique of matmul */
  struct tensor_list tensors;        /* of the base, then: */
  size_t ids, a, b, scale;           /* their indices */
  size_t factor;                     /* DoRA's c, f32 [adapters][n]; 0: the technique has none */

  /* bytes */
  uint64_t x_row, w_row;             /* of a row of x, of W */
  uint64_t w_scale_row;              /* of the scales of a row of W; 0: the format has none */
  uint64_t a_row, b_row;             /* of a row of A (k elements), of B (rank elements) */
  uint64_t v_row;                    /* of rank floats */
};

/* False, and the error set, when matmul does not make sense of the shape. technique_id ends in a format of matmul after
 * its first '_': "adapter.fused_int4_g32". */
bool adapter_shape_of(const struct kernel_case *, const char *technique_id, struct adapter_shape *, struct error *);

/* plan.c. The tunables of a variant are those of the matmul variant of the same name (the part of its id after the last
 * dot), and then `splits`; what that one is valid for, ours is valid for. */
const char *adapter_gemv_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *adapter_gemv_sg_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *adapter_rows_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *adapter_tiled_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool adapter_separate_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                           const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool adapter_grouped_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool adapter_gemv_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                       const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool adapter_rows_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                       const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool adapter_tiled_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                        const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);

/* fill.c, reference.c */
void adapter_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);
void adapter_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                       const uint64_t *index, size_t n, double *value, double *bound);

#endif
