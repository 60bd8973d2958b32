/* The laws of all kernels of a result, pool by pool. */
#ifndef LAW_H
#define LAW_H

#include "cost.h"

/* Fits every kernel of the model, whose rows are known, and finds how many workgroups the device runs side by side and
 * what an uneven load costs there: those of a few numbers with which the fits of all kernels leave the least
 * unexplained, or one core, where no load is uneven, if that is no more than the best of so many tries would gain by
 * chance.
 *
 * Then the same without one unit at a time, in all kernels of its op at once, for the left_out of the groups' rows:
 * the kernel too is chosen without what was measured of the unit. A group's error is the root mean square over its
 * rows of log(left_out / measured), joined with as many rows as LAW_PRIOR of all groups' of its op and regime, since
 * few may agree by chance. False when memory runs out. */
enum { LAW_PRIOR = 4 };
bool law_fit(struct cost_model *);

#endif
