/* Truth before speed (DESIGN section 6): what a variant must pass before it is timed. */
#ifndef VERIFY_H
#define VERIFY_H

#include "error.h"
#include "job.h"
#include "rig.h"

/* JOB_PROVE: the variant on its family's proof shapes, every element, every fill, whole and split into windows, guards
 * and inputs intact, two runs with one hash. The answer says ok, wrong (what and where), or unsupported where no proof
 * shape is valid. False: the device or memory failed. */
bool verify_variant(struct rig *, const struct job *, struct answer *, struct error *);

/* JOB_VERIFY: the case at its timed shape, in as many windows as its measured speed asks for; its hash and time.
 * Skipped where the whole row would take longer than the suite allows. */
bool verify_case(struct rig *, const struct job *, struct answer *, struct error *);

#endif
