/* The answers of a run, on disk as they come: one line of JSON each, synced before the next job starts. A run that was
 * cut off goes on from here; the same questions are then answered from the file.
 *   {"schema": "vkpareto.journal/1", "suite": ..., "binary": ..., "shaders": ..., "driver": ..., "seed": ...,
 *    "filter": ..., "run_id": ...}
 *   {"key": "sample matmul/m1-n576-k576/f16.gemv/cold 3", "answer": {...}} */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "job.h"

struct journal;

/* What must not change between the parts of one run. */
struct journal_head {
  char suite[65], binary[65], shaders[65];   /* SHA-256 */
  char driver[512];                          /* device, driver, pipeline cache UUID */
  char seed[24];
  const char *filter;                        /* NULL: none */
};

/* resume: reads what is there and appends to it; nothing there, or another head, is refused, naming what differs. Else
 * what is there is kept as PATH.old, .old.2, ... once PATH.new is on disk to take its place. A half-written last line
 * is dropped. One run at a time may hold it. */
struct journal *journal_open(const char *path, const struct journal_head *, bool resume, struct error *);
const char *journal_run_id(const struct journal *);   /* the same in all parts of a run: 32 hex digits */
size_t journal_answers(const struct journal *);   /* read from the file when it was opened */
/* The answer that an earlier part of the run got to this question. */
bool journal_find(const struct journal *, const char *key, struct answer *);
/* Appends and syncs. A full disk is ERROR_INPUT with the remedy. */
bool journal_add(struct journal *, const char *key, const struct answer *, struct error *);
/* Closes; done: removes the file, the result holds it all. NULL is fine. */
void journal_close(struct journal *, bool done);

#endif
