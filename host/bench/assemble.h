/* A finished session -> the result in memory, and its raw samples. */
#ifndef ASSEMBLE_H
#define ASSEMBLE_H

#include "result.h"
#include "session.h"

/* Rows with a time need at least two rounds, and are noisy with fewer than the suite asks for; the others of those that
 * were to be measured are skipped for `why_not`. Free with result_free. */
struct result *assemble_result(const struct session *, const char *why_not, struct error *);

/* vkpareto.samples/1: every sample of every row, with its round; an existing path is an error unless
 * replace. */
bool assemble_samples(const struct session *, const struct result *, const char *path, bool replace, struct error *);

#endif
