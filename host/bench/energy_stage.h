/* The stage of a run that measures joules: after the rounds, of the suite's subset. */
#ifndef ENERGY_STAGE_H
#define ENERGY_STAGE_H

#include "session.h"

/* Every row gets its energy or the reason why not. Rows keep their times whatever happens here, but for one whose
 * output changes under load: it is wrong. False: interrupted or nothing can go on. */
bool stage_energy(struct session *, struct error *);

#endif
