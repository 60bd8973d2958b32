/* Joules of the cells of a comparison: measured, or modelled where enough rows of the result were. */
#ifndef JOULES_H
#define JOULES_H

#include "compare.h"

/* Fills the joules of all cells, has_joules and any_joules. False: memory ran out. */
bool joules_fill(struct comparison *);

/* "1.23 mJ ±4%", "(1.23 mJ ±20%)" where they are modelled, "-" where unknown. */
void joules_text(const struct compare_joules *, char *out, size_t size);

#endif
