/* A case of attention with everything that follows from its dimensions; shared by the files of this room. */
#ifndef ATTENTION_SHAPE_H
#define ATTENTION_SHAPE_H

#include "attention.h"
#include "kernel.h"

enum attention_dim { DIM_BATCH, DIM_Q, DIM_KV, DIM_HEADS, DIM_KV_HEADS, DIM_HEAD, DIM_CAUSAL, ATTENTION_DIMS };

/* Tensor indices. f16 has no scales: its output follows V. Scratch follows the output. */
enum attention_tensor { TENSOR_Q, TENSOR_K, TENSOR_V, TENSOR_K_SCALE, TENSOR_V_SCALE };

struct attention_shape {
  uint64_t queries, keys, head, heads, kv_heads;
  uint64_t pairs;        /* sequences x KV heads: what owns keys and values */
  uint64_t group;        /* query heads of a KV head */
  uint64_t rows;         /* query rows of a pair: group * queries */
  bool causal;
  bool int8;
  size_t out;            /* index of the output tensor */

  /* bytes of one pair, each a multiple of 16 */
  uint64_t query_bytes;  /* also of the output */
  uint64_t key_bytes;    /* also of the values */
  uint64_t scale_bytes;  /* of the keys, also of the values; 0 for f16; padded: keys * head / 32 halves hold scales */
};

/* technique_id decides the format. Does not judge the shape. */
struct attention_shape attention_shape_of(const struct kernel_case *, const char *technique_id);

/* NULL, or why no kernel of this room computes such a case. */
const char *attention_refusal(const struct attention_shape *);

/* Keys that a query attends: 0 .. n - 1. */
uint64_t attention_visible(const struct attention_shape *, uint64_t query);

/* Algorithms: plan.c. */
const char *attention_naive_valid_f16(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *attention_naive_valid_int8(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *attention_flash_valid_f16(const struct kernel_case *, const struct caps *, const int32_t *tuning);
const char *attention_flash_valid_int8(const struct kernel_case *, const struct caps *, const int32_t *tuning);
bool attention_naive_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool attention_flash_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);
bool attention_split_plan(const struct variant *, const struct kernel_case *, const struct caps *,
                          const int32_t *tuning, uint32_t min_windows, struct dispatch_plan *, struct error *);

/* fill.c, reference.c */
void attention_fill(const struct kernel_case *, const struct technique *, enum fill, uint64_t seed, void *const *data);
void attention_reference(const struct kernel_case *, const struct technique *, enum fill, const void *const *data,
                         const uint64_t *index, size_t n, double *value, double *bound);

/* Tunables of the flash variants; `splits` comes last and only where keys are split. */
enum attention_tunable { TUNE_ROWS, TUNE_THREADS, TUNE_KEYS, TUNE_SPLITS };

#endif
