/* Where a run writes: DIR/<device>/<driver>-<suite>.json, .samples.json beside it, .journal while it runs. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "caps.h"
#include "error.h"

struct output { char result[4096], samples[4096], journal[4096]; };

/* Makes the folder and proves by writing that it takes `bytes`, so that a run does not end in a full disk. An existing
 * result is kept: the new one is <stem>.2.json, .3.json, ... */
bool output_prepare(struct output *, const char *folder, const struct caps *, const char *suite, size_t bytes,
                    struct error *);

#endif
