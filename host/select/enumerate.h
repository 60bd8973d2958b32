/* Which settings are worth asking about: those that no other beats whatever is chosen inside. Pure. */
#ifndef ENUMERATE_H
#define ENUMERATE_H

#include "space.h"

enum { ENUMERATE_MOST = 255 };   /* a point of a front names its setting in a byte */
struct setting_list { struct setting at[ENUMERATE_MOST]; size_t n; };

/* The plain setting first, then the other micro-batches: the powers of 2 from 64 (below it kernels for many rows have
 * no rows to share) to 2048 (llama.cpp's default of --batch-size, the most that it takes at once), except those that
 * read every prompt of the task in one chunk as a smaller one does, and those that a step of decode would not
 * fit in. */
struct setting_list enumerate_micro_batches(const struct model *, const struct task *);
/* Each of these with each adapter that fulfils the wish and can serve the task. Without a wish they stay as they
 * are. */
struct setting_list enumerate_adapters(const struct setting_list *, const struct finetune_wish *, const struct task *);

/* With weights in the host's memory, of layers or, where there are any, of their experts only, so that no more than
 * `memory` bytes are on the device; `space` is that of the setting without an offload. More layers cost more time and
 * save memory, so what is tried lies between the fewest with which any configuration may fit and the fewest with which
 * one of 16-bit weights and cache does, or all there are: OFFLOAD_SPLITS of them, each in the micro-batch of the space
 * and in `largest`, which copies least often. Where even all layers are not enough, all of them, so that it can be told
 * what they need. Between the splits enumerate_fewest finds what a choice needs. */
enum { OFFLOAD_SPLITS = 3 };
void enumerate_offloads(const struct space *, int64_t largest, double memory, struct setting_list *);

/* The space's setting with the fewest layers, or experts of layers, in the host's memory with which this configuration
 * takes no more than `memory` bytes on the device. False: not even with all of them. */
bool enumerate_fewest(const struct space *, bool experts, const uint8_t choice[SLOT_COUNT], double memory,
                      struct setting *);

#endif
