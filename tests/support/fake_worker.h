/* A worker process without a device. The program starts itself as its worker, so a test program that hands `worker` on
 * the command line to fake_worker is both sides of the protocol, and needs no hook in the product. What the fake does
 * is told through the environment:
 *
 *   FAKE_CAPS   file of the device it says it has
 *   FAKE_LOG    file that gets a line per job, over all workers: what was really asked
 *   FAKE_AT     number of the job (counted in that file from 1) at which it does FAKE_DO; 0: instead of its greeting
 *   FAKE_DO     what: see misbehave() and greet_badly(); "interrupt when stopped" is at the end, whatever FAKE_AT */
#ifndef FAKE_WORKER_H
#define FAKE_WORKER_H

#include <stddef.h>


int fake_worker(void);

/* Sets the environment for the next workers. deed NULL: they do as they are asked. */
void fake_set(const char *log, int at, const char *deed);
size_t fake_jobs(const char *log);                  /* lines of the log */
size_t fake_jobs_of(const char *log, const char *text);   /* those that contain the text */

#endif
