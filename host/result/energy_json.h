/* The energy of a run of an op: the member `energy` of a row, and of a worker's answer. */
#ifndef ENERGY_JSON_H
#define ENERGY_JSON_H

#include "result.h"

/* `energy`: an object, or null where nothing was measured; `energy_reason`: why, or null where it was. */
void energy_to_json(cJSON *to, const struct result_energy *, const char *reason);
/* Reads `energy`; absent or null is "not measured": NAN, and 0 windows. */
bool energy_from_json(const cJSON *from, struct result_energy *, struct error *);

#endif
