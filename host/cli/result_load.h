/* Reading the results that a glob on the command line names. */
#ifndef RESULT_LOAD_H
#define RESULT_LOAD_H

#include "result.h"

/* A glob over results also names samples and configs: a file of another schema is passed over with a line on stderr,
 * *result is then NULL. A broken file is an error. */
bool result_load(const char *path, struct result **result, struct error *);

#endif
