/* One dimension of an op cut into windows: nearly equal runs of whole units. */
#ifndef CUT_H
#define CUT_H

#include <stdbool.h>
#include <stdint.h>

struct cut { uint64_t size, unit, windows; };

/* Windows of at most `most` elements; false when not even one unit, or the whole where that is less, fits. */
bool cut_make(struct cut *, uint64_t size, uint64_t unit, uint64_t most);
/* At least so many windows, or as near to it as there are units. */
void cut_raise(struct cut *, uint64_t windows);
/* Where window i begins; i == windows gives the end. */
uint64_t cut_begin(const struct cut *, uint64_t i);

#endif
