/* Times what was verified. */
#ifndef MEASURE_H
#define MEASURE_H

#include "error.h"
#include "job.h"
#include "rig.h"

/* JOB_SAMPLE: a round's samples of one row. Buffers are made anew, the arena's once a round;
 * what streams rotates over its copies when cold; a first batch is thrown away (clocks ramp, drivers compile late);
 * each sample repeats the op for about sample_seconds in one submission and must leave the verified output, or the
 * answer is wrong. False: the device or memory failed. */
bool measure_case(struct rig *, const struct job *, struct answer *, struct error *);

/* JOB_SUBMIT: host time of submitting nothing and waiting for it. */
bool measure_submit(struct rig *, const struct job *, struct answer *, struct error *);

/* JOB_UPLOAD, JOB_DOWNLOAD: copies between a buffer in the host's memory and one in the device's, by the clock that is
 * trusted. */
bool measure_transfer(struct rig *, const struct job *, struct answer *, struct error *);

#endif
