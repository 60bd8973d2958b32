/* What the files of layers.h share. */
#ifndef LAYERS_INTERNAL_H
#define LAYERS_INTERNAL_H

#include "layers.h"

/* 1 % in times beside 1e-4 nats in quality: the weights that docs/method.md proves fronts by. */
#define LAYERS_NATS 0.01
enum { LAYERED_CLASSES = 4 };   /* the logits belong to no layer */

/* A front in the space's coordinates, of no more than `most` points. */
struct layers_problem {
  const struct front_cost *base;
  const struct front_slot *slots;
  size_t n_slots, exact_slots;       /* nodes of at most so many are exact, or of fewer where bound.h knows better */
  size_t most, node_points;
  double resident_limit, quality_limit;   /* in steps of the coordinates; INFINITY: none */
  double nats_unit;                  /* nats of one step of COORD_QUALITY */
  double nats_per_relative;
};
/* With the least slack that does. NULL with the error set. Free with bound_free. */
struct bound *layers_bound(const struct layers_problem *, struct layers_slack *proved, struct error *);

/* layer: n_layers options of a slot that has n; nats: what the layers of each lose together. Free with free(). */
struct space_mix *layers_make_mix(const uint8_t *layer, size_t n_layers, const double *nats, size_t n, struct error *);
/* The option that it makes; takes it. */
struct space_option layers_blend(const struct space *, const struct space_slot *, struct space_mix *);

#endif
