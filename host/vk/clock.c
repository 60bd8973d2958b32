#include "clock.h"

#include <math.h>
#include <stdio.h>

/* Quartz is good to 0.01 %; one step of the coarsest clock that passes is 1 % of the shortest sample. */
static const double FAST = 1.02;
/* The best of several readings: other programs on the machine lengthen the host's time, not the device's. */
static const double SLOW = 0.9;
/* 1 % of the shortest sample of our suites, 4 ms. */
static const double COARSE_NS = 40e3;
/* Twice the longest submission that is planned (5 s, on CPU devices). */
static const double RANGE_NS = 10e9;

static uint64_t mask_of(uint32_t valid_bits) {
  return valid_bits >= 64 ? UINT64_MAX : ((uint64_t)1 << valid_bits) - 1;
}

double clock_ns(uint64_t begin, uint64_t end, uint32_t valid_bits, double period_ns) {
  return (double)((end - begin) & mask_of(valid_bits)) * period_ns;
}

bool clock_exceeds(double device_ns, double host_ns, double step_ns) {
  return device_ns > FAST * host_ns + fmax(step_ns, 0);   /* fmax(NAN, 0) is 0 */
}

static uint64_t common_divisor(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Half the counter's range and more is a step back: no two timestamps lie that far apart. */
static bool is_back(uint64_t begin, uint64_t end, uint64_t mask) { return ((end - begin) & mask) > mask / 2; }

/* The largest step of which all differences between successive ticks are multiples; 0: there is no difference. */
static uint64_t find_step(const struct clock_reading *reading, size_t n, uint64_t mask) {
  uint64_t step = 0;
  for (size_t i = 0; i < n; i++) {
    if (i) step = common_divisor(step, (reading[i].begin - reading[i - 1].end) & mask);
    step = common_divisor(step, (reading[i].end - reading[i].begin) & mask);
  }
  return step;
}

struct clock_judgement clock_judge(const struct clock_reading *reading, size_t n, uint32_t valid_bits,
                                   double period_ns) {
  struct clock_judgement judgement = {CLOCK_GOOD, NAN, NAN};
  const uint64_t mask = mask_of(valid_bits);
  bool back = false, fast = false;
  if (!valid_bits || !(period_ns > 0) || !isfinite(period_ns)) judgement.state = CLOCK_ABSENT;
  else if ((double)mask * period_ns < RANGE_NS) judgement.state = CLOCK_SHORT;
  const uint64_t step = find_step(reading, n, mask);
  if (judgement.state == CLOCK_GOOD && n && !step) judgement.state = CLOCK_STILL;
  if (judgement.state != CLOCK_GOOD) return judgement;
  judgement.resolution_ns = (double)step * period_ns;
  for (size_t i = 0; i < n; i++) {
    uint64_t before = i ? reading[i - 1].end : reading[i].begin;
    double device_ns = clock_ns(reading[i].begin, reading[i].end, valid_bits, period_ns);
    double host_ns = (double)reading[i].host_ns;
    back = back || is_back(before, reading[i].begin, mask) || is_back(reading[i].begin, reading[i].end, mask);
    fast = fast || clock_exceeds(device_ns, host_ns, judgement.resolution_ns);
    if (reading[i].host_ns < clock_long_ns) continue;
    judgement.ratio = fmax(judgement.ratio, device_ns / host_ns);   /* fmax(NAN, x) is x */
  }
  if (back) judgement.state = CLOCK_BACKWARDS;
  else if (judgement.resolution_ns > COARSE_NS) judgement.state = CLOCK_COARSE;
  else if (fast) judgement.state = CLOCK_FAST;
  else if (judgement.ratio < SLOW) judgement.state = CLOCK_SLOW;
  return judgement;
}

void clock_describe(const struct clock_judgement *judgement, uint32_t valid_bits, double period_ns, char *out,
                    size_t size) {
  const char *instead = "; times are of the host's clock and hold the submission too";
  const double range_s = 1e-9 * (double)mask_of(valid_bits) * period_ns;
  switch (judgement->state) {
  case CLOCK_GOOD:
    snprintf(out, size, "agrees with the host's clock: %.3f of the time that encloses it; steps of %.3g ns",
             judgement->ratio, judgement->resolution_ns);
    break;
  case CLOCK_ABSENT: snprintf(out, size, "the queue has no timestamps%s", instead); break;
  case CLOCK_SHORT:
    snprintf(out, size, "timestamps wrap every %.3g s, submissions may take longer%s", range_s, instead);
    break;
  case CLOCK_STILL: snprintf(out, size, "timestamps do not move%s", instead); break;
  case CLOCK_BACKWARDS: snprintf(out, size, "timestamps run backwards%s", instead); break;
  case CLOCK_COARSE:
    snprintf(out, size, "timestamps move in steps of %.3g ms%s", 1e-6 * judgement->resolution_ns, instead);
    break;
  case CLOCK_FAST:
    snprintf(out, size, "timestamps count %.3g times the host time that encloses them%s", judgement->ratio, instead);
    break;
  case CLOCK_SLOW:
    snprintf(out, size, "timestamps count %.3g of the time that long work takes%s", judgement->ratio, instead);
    break;
  }
}
