/* Did the machine change while it measured? One control row is sampled at the begin and the end of each round, and
 * should take the same time whenever that is. */
#ifndef DRIFT_H
#define DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "result.h"

/* times[2 r] and times[2 r + 1]: medians at the begin and the end of round r, NAN where it was not sampled. A round has
 * drifted if one of the two is further than DRIFT from the median of all, or from the other. */
bool drift_of_round(const double *times, uint32_t rounds, uint32_t round);

/* Fills all but the row's name; unknown where no time is. */
void drift_judge(const double *times, uint32_t rounds, struct drift *);

/* Does the median of a row's first `rounds` rounds rest on drifted ones? Only where they are half of them or more, the
 * breakdown point of a median. */
bool drift_spoils(const double *times, uint32_t all_rounds, uint32_t rounds);

#endif
