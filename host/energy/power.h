/* From readings of a meter to joules per run. Pure: no clock, no file. */
#ifndef POWER_H
#define POWER_H

#include <stddef.h>

#include "meter.h"

struct reading { double at, value; };   /* seconds; joules or watts */

struct trace {
  struct reading *readings;             /* in the order of time */
  size_t n;
  enum meter_unit unit;
  double lag_s;
};

/* More than any one PCI address or machine of ours draws: the largest GPU of 2026 takes 1.4 kW (NVIDIA B300), and
 * a RAPL counter that stepped back by a little, taken for a wrap, would give 13 kW or more over a window of 5 s. */
#define POWER_MOST_WATTS 1e4

struct power {
  double watts, error;   /* mean, and half the width of what the readings leave open */
};

/* Mean power over [begin, end]. Of a counter: between its first and last step within the time, since what it counted
 * before its first step is not of this time, and how long ago it last stepped is not known; the error is that of the
 * two moments. Of a power reading: the integral by trapezoids from begin + lag_s on; the error is the longest time
 * without a reading. False with the reason when there is no number: the meter stood still, ran backwards, read 0 W, no
 * number, more than POWER_MOST_WATTS, or moved fewer than POWER_STEPS times: a longest gap of a tenth or
 * more of the time tells little. */
enum { POWER_STEPS = 10 };
bool power_mean(const struct trace *, double begin, double end, struct power *, struct error *);

enum { ENERGY_WINDOWS = 10 };   /* repeats at most */
/* Idle, load, idle: one repeat. */
struct energy_window {
  struct power before, during, after;
  double seconds, runs;      /* how long the load lasted, how often the op ran in it */
};

struct energy {              /* per run of the op, in joules */
  double gross, gross_error; /* all that the meter saw; half of a 95 % interval */
  double net, net_error;     /* above idle: gross - idle_watts x time of a run */
  double idle_watts, run_s;
  unsigned windows;
};

/* Means over at least two repeats. The interval is Student's t over the repeats, joined in quadrature with the largest
 * error of a single reading; for the net also with half the difference between idle before and after. What is
 * systematic in the meter (its calibration) is in neither. False: too few repeats, or a meter that does not tell
 * load from idle at all. */
bool energy_mean(const struct energy_window *, size_t n, struct energy *, struct error *);

#endif
