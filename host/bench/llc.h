/* How large the last-level cache of a device is that does not tell, from how fast growing working sets are read. */
#ifndef LLC_H
#define LLC_H

#include <stddef.h>
#include <stdint.h>

/* bytes[] doubles from one to the next; rate[] in bytes per second. The largest size that is read more than a quarter
 * faster than memory, as the size before it is (a cache that holds a set holds half of it; one disturbed rate is no
 * cache). Memory's rate is that of the two largest sizes, which must agree within a quarter, else the sweep ended too
 * early. A cache between two sizes may half hold the larger one, so the answer is too large by less than 2, never too
 * small by more. 0: no cache is seen, or not its end. */
uint64_t llc_knee(const uint64_t *bytes, const double *rate, size_t n);

#endif
