/* Weight formats that differ from layer to layer, where the user has measured how much each layer minds
 * (sensitivity.h): more options for the slots of weights, and a front over them that is proved to be near the exact
 * one. Pure.
 *
 * What is assumed: the L layers of a class are alike but for their loss. A layer in a format costs 1/L of what the
 * class does in that format, in time, bytes and joules, with 1/L of its error; losses of layers add; scratch is that of
 * the neediest format in use. A class stays in one format where that is not so (space_slot.unmixed says why).
 *
 * Two fronts, one made of the other:
 *   1. Of each class over its layers. Each layer is a decision of bound.h; what is kept of its front become options of
 *      the slot, mixes, beside the options of one format, which all stay. Every assignment of formats to layers is
 *      covered by an option within (r1, a1): no more than 1 + r1 times its times, bytes, joules and scratch, and a1
 *      nats more.
 *   2. Of the slots, by bound.h again, within (r2, a2).
 * By bound.h's first step sums of covers cover the sum within (r1, the classes' a1 together), and leaving out within
 * (r2, a2) makes it ((1 + r1)(1 + r2) - 1, all of the a). Memory (resident + scratch), the joules of a request and its
 * time are sums of such coordinates with weights of at least 0, and hold the factor. (Rounding costs to integers adds
 * up to half a unit, a nanosecond or a byte, for each decision.) The front of options of one format stays beside it,
 * exact: a configuration without mixes is never lost, whatever the slack. Within limits L a front that is covered so
 * holds for every configuration within L / (1 + r) and, in quality, L - a, one within L.
 *
 * The slack is the least of a few steps with which a front has no more points than LAYERS_OPTIONS and LAYERS_POINTS. */
#ifndef LAYERS_H
#define LAYERS_H

#include "choose.h"

enum { LAYERS_OPTIONS = 200, LAYERS_POINTS = 2000 };

struct layers_slack { double relative, nats; };

/* What is over a limit is not wanted, and is left out early by what all else takes at least: the slack is then spent on
 * what is within. All that is said of covers is then said of configurations within the limits, which a cover may pass
 * by the slack. Of a sum of covers the first front's slack is within the second's limits. */
struct layers_request {
  const struct sensitivity *sensitivities;
  double most_bytes, most_nats;   /* on the device, lost; INFINITY: no limit */
};

/* Adds its mixes to the class's slot, at most `most` of them. A class that has none, or may have none, is left as it
 * was. */
bool layers_mix(struct space *, enum tensor_class, const struct layers_request *, size_t most,
                struct layers_slack *proved, struct error *);
/* The same for every class, and the slack of all together. */
bool layers_expand(struct space *, const struct layers_request *, struct layers_slack *proved, struct error *);
/* Adds a mix of another setting's slot to that of this space, where it has the formats and not yet the mix. False: out
 * of memory. */
bool layers_adopt(struct space *, int slot, const struct space_slot *from, const struct space_option *, struct error *);
/* The front of all options, mixes included, over the objectives; `mixes` is what layers_expand proved, `proved` what
 * this step adds. Free with front_free. */
bool layers_front(const struct space *, const struct layers_request *, struct layers_slack mixes, size_t most,
                  struct front *, struct layers_slack *proved, struct error *);
/* One after the other. */
struct layers_slack layers_both(struct layers_slack, struct layers_slack);

/* What layers have: the slot's option o itself, or the i-th of those that a mix is made of; `layers` of `of` have it, all
 * as 1 of 1. False: past the last. */
struct layers_part { const struct space_option *option; uint8_t index; size_t layers, of; };
bool layers_part(const struct space_slot *, size_t o, size_t i, struct layers_part *);

/* "int8_g32 in 0-3, 28-31; int4z_g32 in 4-27" of a mix, else the option's name. */
void layers_text(const struct space_slot *, const struct space_option *, char *out, size_t size);

#endif
