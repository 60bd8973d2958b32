/* Where a run writes: DIR/<device>/<driver>-<suite>.json, .samples.json beside it; .journal while it runs, and
 * .partial.json where it was interrupted. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "caps.h"
#include "error.h"
#include "journal.h"
#include "result.h"

struct output {
  char stem[3400], journal[3500];
  char result[3500], samples[3500];
  bool written;   /* the result is there: the run was cut off between writing it and removing the journal */
};

/* Makes the folder and proves by writing that it takes `bytes`, so that a run does not end in a full disk. */
bool output_prepare(struct output *, const char *folder, const struct caps *, const char *suite, size_t bytes,
                    struct error *);
bool output_has_begun(const struct output *);   /* there is a journal, or a result that it has led to */
/* Names the files of a run. An existing result of another one is kept: the new one is <stem>.2.json, .3.json, ... */
void output_name(struct output *, const char *run_id);
/* The last result of this device and of the suite, shaders and seed that the head names, and names its files; NULL:
 * there is none. */
struct result *output_find_whole(struct output *, const struct journal_head *, const char *uuid);
/* Names them <stem>.partial.json and .partial.samples.json; those that are there are of this run and get replaced. */
void output_name_partial(struct output *);
/* Those are kept as .old, .old.2, ... like the journal that they belong to, when a new run begins. */
bool output_keep_partial(const struct output *, struct error *);
void output_drop_partial(const struct output *);
/* Removes what a run that was killed left half-written; only for who holds the journal. */
void output_sweep(const struct output *);

#endif
