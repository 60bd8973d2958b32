/* A case of this room with all that follows from its dimensions; shared by the files of the room. */
#ifndef KV_SHAPE_H
#define KV_SHAPE_H

#include "kernel.h"
#include "kv_cache.h"

enum kv_dim { DIM_BATCH, DIM_ROWS, DIM_POSITION, DIM_KV, DIM_KV_HEADS, DIM_HEAD, KV_DIMS };
enum kv_rope { KV_PLAIN, KV_PAIRS, KV_HALVES };

/* Tensor indices: x, the angles where keys are turned, then the cache, codes and scales in one. */
enum { KV_X, KV_ANGLES };

struct kv_shape {
  enum kv_rope rope;
  bool int8;
  uint64_t batch, rows, position, capacity, kv_heads, head;
  uint64_t tokens;        /* batch * rows: rows of x and of the angles */
  uint64_t pairs;         /* batch * kv_heads: what owns a run of the cache */
  size_t cache;           /* index of the output */
  uint64_t elements;      /* of x: those that are stored */
  uint64_t groups;        /* of 32 elements; 0 for f16 */

  /* bytes */
  uint64_t x_row, angle_row;
  uint64_t row_bytes;     /* one row of one head in the cache, codes only */
  uint64_t pair_bytes;    /* one pair's rows */
  uint64_t scale_bytes;   /* one pair's scales, a multiple of 16; 0 for f16 */
  uint64_t codes_bytes;   /* all pairs' rows: where the scales begin */
};

/* technique_id decides format and RoPE. Does not judge the shape. */
struct kv_shape kv_shape_of(const struct kernel_case *, const char *technique_id);

/* plan.c: tunables `threads`, and of int8 `lanes` per group */
enum kv_tunable { TUNE_THREADS, TUNE_LANES };
const char *kv_store_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *kv_shared_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *kv_shuffle_valid(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool kv_store_plan(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                   uint32_t min_windows, struct dispatch_plan *, struct error *);
bool kv_quantise_plan(const struct variant *, const struct kernel_case *, const struct caps *, const int32_t *tuning,
                      uint32_t min_windows, struct dispatch_plan *, struct error *);

/* fill.c, reference.c. Values: every stored element in the order of x, int8's scales in the order of the groups of
 * x, and last the number of words outside the new rows that were written. */
void kv_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);
uint64_t kv_values(const struct kernel_case *, const struct technique *);
void kv_decode(const struct kernel_case *, const struct technique *, const void *output, float *value);
void kv_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                  const uint64_t *index, size_t n, double *value, double *bound);

#endif
