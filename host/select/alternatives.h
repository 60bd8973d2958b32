/* Another architecture is another model: what the other built-in ones would cost for the same task. Pure.
 *
 * Each has a front of its own, and a quality loss against its own 16-bit weights. How good those are beside the model
 * that was asked for is another question, which no figure here answers: scores of different models are not converted
 * into a loss. So nothing is chosen among them; it is said what each would cost. */
#ifndef ALTERNATIVES_H
#define ALTERNATIVES_H

#include "choose.h"

struct alternative {
  char id[64], name[128];
  double params, active_params;
  const char *attention;         /* "mha", "gqa", "mqa", "mla" */
  bool experts;
  bool feasible;                 /* else `reason` */
  char reason[160];
  char options[SLOT_COUNT][128]; /* what the preference takes of its front, by name */
  struct prediction predicted;
};
struct alternatives { struct alternative *at; size_t n; };

/* All built-in models but the request's own that serve its task, in the plain setting, within the limits and by the
 * preference. ERROR_MEMORY only. Free with alternatives_free. */
bool alternatives_find(const struct space_request *, const struct limits *, enum preference, struct alternatives *,
                       struct error *);
void alternatives_free(struct alternatives *);

#endif
