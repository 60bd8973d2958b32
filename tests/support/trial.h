/* A whole run of a tiny suite in a process of its own, which may be killed or interrupted, against a worker without a
 * device (fake_worker.h); what it wrote and said is looked at afterwards. */
#ifndef TRIAL_H
#define TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"
#include "run.h"

enum { TRIAL_KILLED = -1 };

extern char trial_folder[];                /* of all, gone at the end */
extern char trial_out[64];                 /* folder of results */
extern char trial_log[64];                 /* file of what the worker was asked */
extern struct run_options trial_options;   /* of the next run; each test begins with the same */

int trial_begin(void **state);        /* of a group of tests */
int trial_clean(void **state);        /* of a test */
int trial_end(void **state);

int trial_run(bool resume);           /* error_kind of the run, or TRIAL_KILLED */
long trial_start(bool resume);        /* the process of one that is not waited for */
bool trial_said(const char *words);   /* the last one, on stderr */
const char *trial_named(const char *end);          /* path of its file that ends so; good for four calls */
struct result *trial_result(const char *end);
size_t trial_count(const struct result *, enum status);
/* There is a whole result with no row but timed ones, `lost` of them excepted; nothing else is left in the folder. */
void trial_is_whole(size_t lost);
size_t trial_jobs_of_a_whole_run(void);

#endif
