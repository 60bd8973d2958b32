/* What to say when no configuration is within the limits. Pure. */
#ifndef INFEASIBLE_H
#define INFEASIBLE_H

#include "choose.h"

/* ERROR_INFEASIBLE: a line for each minimal set of limits that exclude each other, with the best that each limit of the
 * set can have under the others of it; then what one limit alone would have to give, all others kept, as the option
 * that would find a configuration (rounded so that it does); where no single one is enough, what the nearest
 * configuration needs, which is the one whose worst excess over a limit is least. Returns false; the front must not be
 * empty. */
bool infeasible_explain(const struct space *spaces, const struct task *, const struct front *, const struct limits *,
                        struct error *);

#endif
