/* What all cases of a result come to, what keeps it from the goals, and where devices disagree. Pure. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "study.h"

/* A geometric mean over the cases that have the number. */
struct geometric { double sum; size_t n; };   /* of logarithms */
double geometric_mean(const struct geometric *);   /* NAN: of none */

/* One result, one group of models. All means are over the cases whose default fits, but for three: `only_tuned` is over
 * those where only the joint choice does, against a default that could not run; `tuned_over_hosted` over the same, against
 * the default with weights in the host's memory; and `only_hosted` over those where the joint choice has weights there too. */
struct study_summary {
  enum study_group_kind group;
  size_t cases, by_status[CASE_STATUSES];
  struct geometric gain[PICK_COUNT];
  size_t lossy[PICK_COUNT], too_large[PICK_COUNT];   /* over the quality limit or of unknown loss; over the memory */
  double least, most;                   /* gain of the joint choice */
  struct geometric time, memory, energy, ttft, tpot;   /* its parts */
  struct geometric beyond_ties;         /* the gain were times equal that cannot be told apart */
  struct geometric only_tuned, tuned_over_hosted, only_hosted;
  double prefill_share, rest_share;     /* means: of the default's request time; of the joint choice's */
  struct geometric prefill_rate, read_share[2];   /* as in study_case; read_share of cases that have both */
  double half;                          /* mean half width of the joint choice's time, a share; over those known */
  size_t by_arithmetic;                 /* cases whose prompt is bound by arithmetic in the default */
  size_t n_half, ties;                  /* known half widths; cases whose time is not told from the default's */
  size_t surely_within;                 /* the upper end of the loss is within the limit too */
  size_t with_unknown, with_uncosted;   /* options of unknown quality; ops that count by their launches */
};
struct study_summary study_summarise(const struct study *, size_t result, enum study_group_kind);
/* What holds the gain down, line by line, numbers included; false past the last. */
bool study_limit(const struct study_summary *, size_t index, char *out, size_t size);

/* Cases of a result that were not costed or fit nowhere, by reason; reasons that differ in quoted names and numbers
 * only are one, said in the words of the first. */
struct study_failure { enum study_status status; const char *reason; size_t n, first; };   /* first: its case */
/* Allocates; free with free(). False: memory ran out. */
bool study_failures(const struct study *, size_t result, struct study_failure **, size_t *n, struct error *);

/* Two techniques of one decision that change places between two results. */
struct study_flip {
  size_t result[2];
  char faster[64], slower[64];   /* on the first result where they flip; the other way round on the second */
  size_t flips, sure, compared;  /* cases; sure: flips beyond the errors on both; compared: no tie on either */
  size_t example;                /* the case on the first result */
};
/* Allocates, most sure flips first, then most; free with free(). */
bool study_flips(const struct study *, struct study_flip **, size_t *n, struct error *);

#endif
