/* Small spaces by brute force: what every combination costs, and what covers what. For tests. */
#ifndef BRUTE_H
#define BRUTE_H

#include "front.h"

/* Of one option per slot. */
struct front_cost brute_cost(const struct front_algebra *, const struct front_cost *base, const struct front_slot *,
                             size_t n_slots, const uint8_t *choice);
/* Of all combinations, n_slots <= FRONT_SLOTS; their number, over `most` of which the test ends. */
size_t brute_all(const struct front_algebra *, const struct front_cost *base, const struct front_slot *, size_t n_slots,
                 size_t most, struct front_cost *out);
/* a <= b in every coordinate. */
bool brute_covers(const struct front_algebra *, const struct front_cost *a, const struct front_cost *b);

#endif
