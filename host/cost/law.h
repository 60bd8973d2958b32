/* The laws of all techniques of a result, pool by pool. */
#ifndef LAW_H
#define LAW_H

#include "cost.h"

/* Fits every group of the model, whose rows are known, and finds how many workgroups the device runs side by side:
 * the fewest with which what the fits leave unexplained, over all techniques, is within 1 % of the least. False when
 * memory runs out. */
bool law_fit(struct cost_model *);

#endif
