/* Decisions that touch every op are enumerated outside the slots: a space and a front for every setting, and their
 * fronts united. Exact: a point is on the united front if and only if no combination of options of any setting beats
 * it. Pure. */
#ifndef OUTER_H
#define OUTER_H

#include "layers.h"

struct outer_refusal { struct setting setting; char reason[512]; };

enum { OUTER_MOST = 256 };   /* a point of a front names its setting in a byte */

struct outer {
  struct space *spaces;             /* of the settings; the first is the one to compare with */
  size_t n;
  struct outer_refusal *refused;    /* settings without a space, and why */
  size_t n_refused;
  struct front front;               /* each point with its setting in choice[CHOICE_SETTING] */
  /* Where sensitivities are given: the front of one format per class, which `front` has too unless a mix beats it; and
   * how near `front` is to that of every choice per layer. */
  struct front uniform;
  struct layers_slack slack;
};

/* The space of the request is made for each of the n >= 1 settings (its own setting is not looked at). Where the
 * quality or the energy of one setting is unknown it is left out for all. False when no setting has a space, with the
 * reason of the first one. Free with outer_free. */
bool outer_build(const struct space_request *, const struct setting *, size_t n, struct outer *, struct error *);
void outer_free(struct outer *);
/* One more setting, which has its place behind the others; moves the spaces. False when it has none. */
bool outer_add(const struct space_request *, const struct setting *, struct outer *, struct error *);
/* The union alone, of one format per class, of n >= 1 spaces. Free with front_free. */
bool outer_unite(const struct space *, size_t n, struct front *, struct error *);

#endif
