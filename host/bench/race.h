/* Which variants of a technique stay in the run: at one shape only the fastest would ever be chosen. */
#ifndef RACE_H
#define RACE_H

#include "session.h"

enum { RACE_ROUNDS = 2 };   /* after which race_rounds decides */

/* After verification: a variant far behind another at first sight is `skipped` where timing it would cost much: a tenth
 * of what the suite allows a row, or anything where the suite asks for the fastest only. */
void race_first_sight(struct session *);
/* After RACE_ROUNDS rounds: a variant whose every sample is slower than every sample of another is `skipped`. */
void race_rounds(struct session *);

/* Seconds that the rounds of the verified rows take: if none leaves, and if of each group only the fastest stays. */
void race_seconds(const struct session *, double *least, double *most);

#endif
