/* The measurements drawn again and again, as wrong as they may be, and how every configuration scores in each draw.
 * Pure; seeded by a constant, since what is printed must not change from run to run.
 *
 * Every draw multiplies the times of each technique by (1 + e)^(z / 1.96), e the relative error (half the 95 % interval
 * over the value), z a normal number for each technique and phase, the same in all slots: one kernel is wrong
 * everywhere the same way, so two configurations that share it do not change places, and no time falls to 0 however
 * large the error. The parts of a mix (layers.h) are as wrong as the options that they are layers of. Joules and each
 * published quality figure are redrawn in the same way; what has an unknown error stays as it is. The fixed part is
 * common to all and stays. */
#ifndef REDRAW_H
#define REDRAW_H

#include "choose.h"

struct redraws {
  size_t n;            /* configurations: the points of the front within the limits by the estimates */
  size_t draws;        /* fewer than 1,000 on long fronts */
  size_t *point;       /* n of them: places in the front */
  double *score;       /* of draw i and configuration k at [i * n + k]: choose_score by the draw's own scale, less is better */
};

/* By the limits and the preference of the decision. ERROR_MEMORY only. Free with redraw_free. */
bool redraw_make(const struct space *spaces, const struct task *, const struct front *, const struct decision *,
                 struct redraws *, struct error *);
void redraw_free(struct redraws *);

/* Which configuration a point of the front is; n: none. */
size_t redraw_find(const struct redraws *, size_t point);
/* The share of the draws in which configuration a scores no worse than b. */
double redraw_share(const struct redraws *, size_t a, size_t b);

#endif
