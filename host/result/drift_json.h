/* Whether the machine changed during a run, as the member `drift` of a result. */
#ifndef DRIFT_JSON_H
#define DRIFT_JSON_H

#include "result.h"

void drift_to_json(cJSON *root, const struct drift *);
/* A result without the member, or with null, reads as one where nothing is known. */
bool drift_from_json(const cJSON *root, struct drift *, struct error *);

#endif
