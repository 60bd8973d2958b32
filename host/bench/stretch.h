/* A row for longer than a second at a stretch: what power and heat leave of its speed. */
#ifndef STRETCH_H
#define STRETCH_H

#include "session.h"

/* The time of a run at the begin and at the end of the stretch, NAN unknown. A row that fails is dropped, as by any
 * other sample. */
bool stretch_row(struct session *, struct row *, const char *key, double *short_ns, double *sustained_ns,
                 struct error *);

#endif
