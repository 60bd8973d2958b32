/* Can a device's timestamps be believed? Arithmetic only: timer.c takes the readings.
 *
 * The time between two timestamps of a submission lies within the host's from its submit to the end of its wait, and
 * all but fills it where the work is long: on an idle machine what is left is 0.05 to 0.2 ms (lavapipe 22.3,
 * SwiftShader 5). A clock that breaks this is not used at all: if it is wrong on one row, it may be on all. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ticks at the begin and the end of a submission, as the queue wrote them, and the host's time that encloses them. */
struct clock_reading { uint64_t begin, end, host_ns; };

enum clock_state {
  CLOCK_GOOD,
  CLOCK_ABSENT,      /* the queue has none */
  CLOCK_SHORT,       /* it wraps within the longest submissions */
  CLOCK_STILL,       /* it does not move */
  CLOCK_BACKWARDS,   /* it runs or jumps backwards */
  CLOCK_FAST,        /* it counts more time than the host's, which encloses it */
  CLOCK_SLOW,        /* it counts less than the work can have taken */
  CLOCK_COARSE,      /* its steps are too large for the samples */
};

struct clock_judgement {
  enum clock_state state;
  double resolution_ns;   /* the greatest common divisor of all differences; NAN unknown */
  double ratio;           /* device over host time, the largest of the long readings; NAN unknown */
};

/* Work for a reading should take at least this long on the host's clock: the 0.2 ms above are 2 % of it. */
static const uint64_t clock_long_ns = 10000000;

/* From one tick to another, however often the counter wrapped between: it has valid_bits bits and no more. */
double clock_ns(uint64_t begin, uint64_t end, uint32_t valid_bits, double period_ns);

/* Is this device time longer than the host time that encloses it, by more than rounding? step_ns: of the device's
 * clock, NAN unknown. */
bool clock_exceeds(double device_ns, double host_ns, double step_ns);

/* Readings in the order in which they were taken, one after another on one queue; some of them long. None: what the
 * driver says of the clock is judged alone. */
struct clock_judgement clock_judge(const struct clock_reading *, size_t n, uint32_t valid_bits, double period_ns);

/* In words, for results and people: what was found, and where the clock is not good what is used instead. */
void clock_describe(const struct clock_judgement *, uint32_t valid_bits, double period_ns, char *out, size_t size);

#endif
