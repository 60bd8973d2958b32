/* Reads a meter 100 times a second beside what the caller does. */
#ifndef RECORDER_H
#define RECORDER_H

#include "power.h"

struct recorder;
/* The meter is the recorder's until it is stopped. */
struct recorder *recorder_start(struct meter *, struct error *);
/* All readings so far; times are those of platform_clock_ns, in seconds. Free trace->readings. False: the meter failed
 * meanwhile (its file vanished, its counter ran backwards), or memory ran out. NULL is fine and gives false. */
bool recorder_stop(struct recorder *, struct trace *, struct error *);

#endif
