#include <inttypes.h>

#include "meter_kinds.h"

bool counter_step(struct counter *counter, uint64_t raw, double unit, struct error *err) {
  if (counter->range && raw > counter->range)
    return error_set(err, ERROR_INPUT, "the counter reads %" PRIu64 ", above its range of %" PRIu64, raw,
                     counter->range);
  if (counter->begun) {
    bool back = raw < counter->last;
    if (back && !counter->range)
      return error_set(err, ERROR_INPUT, "the counter ran backwards, from %" PRIu64 " to %" PRIu64, counter->last, raw);
    uint64_t steps = back ? counter->range - counter->last + raw : raw - counter->last;
    counter->joules += (double)steps * unit;
  }
  counter->last = raw;
  counter->begun = true;
  return true;
}
