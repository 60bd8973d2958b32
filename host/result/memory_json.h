/* What was tried of a device's limits, and what its heaps hold, in results and in a worker's answers. */
#ifndef MEMORY_JSON_H
#define MEMORY_JSON_H

#include "caps.h"
#include "error.h"
#include "json.h"

/* Members tried and tried_reason: {"allocation": {"worked": ..., "failed": ...}, "storage_range": {...}} or null.
 * Reading: absent is not tried. */
void tried_to_json(cJSON *, const struct tried_limits *);
bool tried_from_json(const cJSON *, struct tried_limits *, struct error *);

/* Members heaps, a list of {"budget": ..., "used": ...} in the order of the device's, or null, and (unless NULL)
 * heaps_reason. */
void heaps_to_json(cJSON *, const struct heap_use *, uint32_t n, const char *reason);
bool heaps_from_json(const cJSON *, struct heap_use out[CAPS_HEAPS], uint32_t *n, char *reason, size_t size,
                     struct error *);

#endif
