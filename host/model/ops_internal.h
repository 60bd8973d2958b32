/* What ops.c and ops_attention.c share. */
#ifndef OPS_INTERNAL_H
#define OPS_INTERNAL_H

#include "ops.h"

/* A case of the family with the presets of its dimensions; `length` characters of the name count. */
bool ops_open_case(const char *family, size_t length, struct kernel_case *, struct error *);
bool ops_set_dim(struct kernel_case *, const char *name, int64_t value, struct error *);
/* One more op, all zero. NULL: memory ran out. */
struct op *ops_new(struct workload *, struct error *);
void ops_note(struct workload *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The i-th length of the task for this model: the tokens of images count with the prompt, the history is that of the
 * mean turn. */
struct task_length ops_length(const struct model *, const struct task *, size_t i);
/* Positions that the cache of a sequence of this length must hold in the end. */
int64_t ops_end_of(const struct model *, const struct task *, size_t i);

bool ops_add_prefill_attention(struct workload *, const struct model *, const struct task *, struct error *);
bool ops_add_decode_attention(struct workload *, const struct model *, const struct task *, struct error *);
/* Attention within an image of so many patches. */
bool ops_add_sight(struct workload *, const struct vision *, int64_t patches, double times, struct error *);
bool ops_add_caches(struct workload *, const struct model *, const struct task *, struct error *);
void ops_note_latent(struct workload *, const struct model *);

#endif
