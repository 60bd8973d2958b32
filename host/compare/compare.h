/* Two or more results side by side: time, share of each device's own ceiling, ratio with interval, verdict. */
#ifndef COMPARE_H
#define COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "result.h"

enum compare_format { COMPARE_TABLE, COMPARE_CSV, COMPARE_MD, COMPARE_JSON };

struct compare_options {
  size_t baseline;               /* index in results */
  enum compare_format format;
  double fail_if_slower_pct;     /* NAN: no gate */
};

/* Prints to `out`. *gate_failed: a row of another result is slower than the baseline by more than the gate, intervals apart. */
bool compare_print(const struct result *const *results, size_t n, const struct compare_options *, FILE *out,
                   bool *gate_failed, struct error *);

#endif
