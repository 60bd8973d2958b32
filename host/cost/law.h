/* The laws of all techniques of a result, pool by pool. */
#ifndef LAW_H
#define LAW_H

#include "cost.h"

/* Fits every group of the model, whose rows are known, and finds how many workgroups the device runs side by side: that
 * of a few numbers with which the fits of all techniques leave the least unexplained, or 1 where that is no more than the
 * best of so many numbers would gain by chance. False when memory runs out. */
bool law_fit(struct cost_model *);

#endif
