/* The states of the machine before and after a run, as the member `machine` of a result. */
#ifndef MACHINE_JSON_H
#define MACHINE_JSON_H

#include "result.h"

void machine_to_json(cJSON *root, const struct result *);
/* A result without the member reads as one where nothing was told. */
bool machine_from_json(const cJSON *root, struct result *, struct error *);

#endif
