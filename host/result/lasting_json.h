/* What is left of the ceilings after a second at a stretch, as the member `sustained` of a result's ceilings. */
#ifndef LASTING_JSON_H
#define LASTING_JSON_H

#include "result.h"

void lasting_to_json(cJSON *ceilings, const struct result *);   /* null where there are none */
/* Ceilings without the member, or with null, have none. */
bool lasting_from_json(const cJSON *ceilings, struct result *, struct error *);

#endif
