/* Two or more results side by side. Rows are matched by op, shape, technique and mode; of each result one
 * variant with a time stands for the technique, by result_fastest.
 *
 * speed = the baseline's time / this time: above 1 is faster. Its interval combines those of the two times as
 * independent errors: the log half-widths add as squares, so it is [speed / s, speed * t] with
 * ln s = hypot(ln(base / base.lo), ln(hi / time)) and ln t = hypot(ln(base.hi / base), ln(time / lo)).
 * An interval that holds 1 is a tie; to first order that is the rule |m1 - m2| <= sqrt(h1^2 + h2^2). */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "result.h"

enum compare_format { COMPARE_TABLE, COMPARE_CSV, COMPARE_MD, COMPARE_JSON, COMPARE_FORMATS };
extern const char *const compare_format_names[COMPARE_FORMATS];

enum verdict {
  VERDICT_BASELINE,    /* the baseline itself */
  VERDICT_FASTER, VERDICT_SLOWER, VERDICT_TIE,
  VERDICT_ONLY_HERE,   /* no other result has a time */
  VERDICT_NEW,         /* others have, but not the baseline */
  VERDICT_ABSENT,      /* no time here: cell.row->status says why, or row is NULL */
  VERDICTS,
};
extern const char *const compare_verdict_names[VERDICTS];

/* Of one run of the op. */
struct compare_joules {
  double value, error;            /* J; NAN unknown */
  bool modelled;                  /* by the joules of other rows of the result (cost.h), else the row's own */
};

/* One technique at one shape on one result. */
struct compare_cell {
  const struct result_row *row;   /* by result_fastest, else a broken one, else any; NULL: no such row there */
  enum verdict verdict;
  double speed, lo, hi;           /* NAN where there is no ratio */
  struct compare_joules joules;
};

struct compare_row {
  const char *op, *technique;     /* technique without its op: "int4_g32" */
  char shape[160];
  enum kernel_mode mode;
  struct compare_cell *cells;     /* one per result */
};

struct comparison {
  const struct result *const *results;   /* not owned */
  size_t n_results, baseline;
  struct compare_row *rows;              /* by op, shape, mode, technique; at least one result has a time */
  size_t n_rows;
  size_t matched;                        /* rows with a time in every result */
  size_t differ;                         /* of these, rows where one is faster or slower than the baseline */
  struct compare_cell *cells;            /* storage of all rows */
  bool *has_joules;                      /* of result r: some cell of it has them */
  bool any_joules;                       /* any result has */
};

/* Keeps pointers into the results. NULL: memory ran out. Free with compare_free. */
struct comparison *compare_make(const struct result *const *results, size_t n, size_t baseline, struct error *);
void compare_free(struct comparison *);
/* False: memory ran out. What cannot be written shows as ferror(out). */
bool compare_print(const struct comparison *, enum compare_format, FILE *out, struct error *);

/* What a gate needs to know of the cells beside the baseline whose row has a time there. A row that a result lacks, or
 * that its device cannot run or did not get to, counts as nothing. */
struct compare_gate {
  size_t compared;   /* with a time of their own */
  size_t slower;     /* of these, over the baseline's by more than pct percent of it, intervals apart */
  size_t broken;     /* without: wrong, failed, timeout, lost or implausible */
};
struct compare_gate compare_gate(const struct comparison *, double pct);

#endif
