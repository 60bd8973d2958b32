/* What a device claims of its memory, put to the test: drivers promise more than they keep (SwiftShader claims
 * allocations of 1 GiB and refuses them).
 *
 * Tried is at most 4 GiB, which no binding exceeds (maxStorageBufferRange has 32 bits), and half of what the device has
 * for this program, so that what else runs on it keeps room. It is one allocation where all goes well, which GPUs and
 * lavapipe make in milliseconds; SwiftShader clears it, at about 0.4 GB/s. */
#ifndef TRY_LIMITS_H
#define TRY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "rig.h"

/* Bytes are tried in whole blocks of this. */
enum { TRY_BLOCK = 4096 };

/* The largest size that works, if all below one that works do: `most` first, then to within a sixteenth of it, at most
 * five tries. worked 0: none did. */
struct limit_trial try_search(uint64_t most, bool (*works)(void *to, uint64_t bytes), void *to);

/* The largest allocation, and the largest binding of it at whose far end a kernel writes and another reads what it
 * wrote. The device's limits are lowered to what worked where something did not. False: the device is lost. */
bool try_limits(struct rig *, struct error *);

#endif
