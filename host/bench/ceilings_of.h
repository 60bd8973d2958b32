/* What the rows of the family `ceilings` say about the device, and how near to it the other rows come. Pure. */
#ifndef CEILINGS_OF_H
#define CEILINGS_OF_H

#include <stdbool.h>

#include "kernel.h"
#include "result.h"

bool ceilings_family_is(const struct family *);

/* Which ceiling the rows of a technique measure, of those that other rows are a share of: "read_memory", "f32",
 * "coopmat_f16_f32". NULL: none of them. */
const char *ceilings_kind(const struct family *, const char *technique, enum kernel_mode);

/* Fills result->ceilings (all but submit_ns, upload and download) from result->rows: the best of each kind; cold rows
 * are memory, warm ones the last-level cache. NAN where nothing was measured. */
void ceilings_fill(struct result *);

/* Fills roofline and memory_bound of a row: the ideal time, the longer of bytes / bandwidth and operations / rate, as
 * a share of the measured median; NAN where there is no ceiling. Rows of the ceilings themselves have none. */
void ceilings_rate(const struct result *, struct result_row *);

/* Does even the slow end of the row lie over its ceiling, by more than measuring explains: 5 %, on CPUs 30 %? */
bool ceilings_exceeded(const struct result *, const struct result_row *);

#endif
