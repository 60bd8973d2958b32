/* Joules of what was verified: the worker's side. */
#ifndef ENERGY_CASE_H
#define ENERGY_CASE_H

#include "error.h"
#include "job.h"
#include "rig.h"

/* How long a window of load is, how many there are, and what stands between them. */
enum { ENERGY_LOAD_S = 5, ENERGY_IDLE_S = 2, ENERGY_SETTLE_S = 1, ENERGY_REPEATS = 3 };

/* JOB_ENERGY: idle, load, idle, load, idle, load, idle, each read by the device's meter; the op runs back to back under
 * load, begun at a phase of its own each time, and must leave the verified output, or the answer is wrong. An answer
 * of no energy has status ok and the reason; status unsupported: the device has no meter. False: the device or memory
 * failed. */
bool energy_case(struct rig *, const struct job *, struct answer *, struct error *);

#endif
