/* Spaces to try a front on, the same on every machine. A weight format has bits, a time per byte and an error; a
 * matrix of the model (name, rows, columns, layers) has bytes and a sensitivity. All costs are those of the whole:
 * time = bytes of the format / bandwidth times its slowness, off by some noise. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include "front.h"

enum { INSTANCE_FORMATS = 6, INSTANCE_OPTIONS = 32, INSTANCE_CLASSES = 7, INSTANCE_LAYERS = 80,
       INSTANCE_SLOTS = INSTANCE_LAYERS * INSTANCE_CLASSES };

struct instance {
  struct front_algebra algebra;
  struct front_cost base;
  struct front_cost options[INSTANCE_SLOTS][INSTANCE_OPTIONS];
  struct front_slot slots[INSTANCE_SLOTS];
  size_t n_slots;
};

/* The coordinates: 3: time per token, memory, quality loss; 4: and energy of a token; 7: what a recommendation can be
 * asked for: ttft, tpot, resident, prefill joules, decode joules, quality and, by max, scratch. */

/* Nine tensor classes of 6 formats, about 10^7 combinations. */
void instance_classes(struct instance *, size_t coords, uint64_t seed);
/* 80 layers x 7 matrices of the shapes of Llama 3 70B (hidden 8192, feed-forward 28672, 8 KV heads of 128), ordered
 * by class; each layer has its own sensitivity. `layers` <= 80 takes the first. */
void instance_layers(struct instance *, size_t coords, size_t layers, uint64_t seed);

/* tests/front/instances/NAME.json: a real model and task on a measured device, by front_space. Exits when it cannot
 * be read. */
void instance_file(struct instance *, const char *name);

#endif
