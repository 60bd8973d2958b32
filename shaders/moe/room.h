/* What the files of this room share. Two families live here: `router` (router*.c) chooses experts from logits; `moe`
 * multiplies by the experts that were chosen. */
#ifndef ROOM_H
#define ROOM_H

#include "kernel.h"
#include "layout.h"

/* ---- router */

enum router_dim { ROUTER_TOKENS, ROUTER_EXPERTS, ROUTER_TOPK, ROUTER_SIGMOID, ROUTER_RENORMALISE, ROUTER_DIMS };
enum router_tensor { ROUTER_LOGITS, ROUTER_CHOICE };   /* the choice is the output */

/* router_plan.c */
const char *router_lane_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *router_base_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *router_subgroup_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool router_lane_plan(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                      uint32_t min_windows, struct dispatch_plan *, struct error *);
bool router_group_plan(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                       uint32_t min_windows, struct dispatch_plan *, struct error *);

/* router_reference.c */
void router_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);
void router_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                      const uint64_t *index, size_t n, double *value, double *bound);

/* ---- experts */

enum moe_dim { MOE_TOKENS, MOE_EXPERTS, MOE_TOPK, MOE_N, MOE_K, MOE_DOWN, MOE_LOAD, MOE_DIMS };
enum moe_load { LOAD_UNIFORM, LOAD_ZIPF, LOAD_ONE, LOAD_EMPTY, LOADS };
/* The last only for formats with scales. Scratch follows. */
enum moe_tensor { MOE_X, MOE_ROUTING, MOE_W, MOE_Y, MOE_SCALES };

/* A case with everything that follows from its dimensions. */
struct moe_shape {
  uint64_t tokens, experts, topk, n, k, slots;
  bool down;
  enum moe_load load;
  struct layout layout;
  uint64_t expert_bytes;         /* of an expert's w */
  uint64_t expert_scale_bytes;   /* of its scales, a multiple of 16; 0: none */
  uint64_t x_rows, y_rows;       /* per token */
};

struct moe_shape moe_shape_of(const struct kernel_case *, const struct technique *);
/* How many experts the load lets a router choose from: a prefix of them under an order that the seed shuffles. */
uint64_t moe_loaded_experts(const struct moe_shape *);
/* How many experts are expected to get a token at all. */
double moe_active_experts(const struct moe_shape *);

/* variants.c */
const char *moe_gather_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *moe_gather_sg_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *moe_lanes_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *moe_grouped_lanes_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *moe_grouped_tiled_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *moe_dense_tiled_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool moe_gather_plan(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                     uint32_t min_windows, struct dispatch_plan *, struct error *);
bool moe_gather_lanes_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                           const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool moe_grouped_lanes_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                            const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool moe_grouped_tiled_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                            const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool moe_dense_lanes_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool moe_dense_tiled_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);

/* fill.c */
void moe_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);

/* reference.c */
void moe_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                   const uint64_t *index, size_t n, double *value, double *bound);

/* whole.c */
void moe_whole(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
               const float *output, uint64_t seed, double *residual, double *bound);

#endif
