/* Configurations of one space: the defaults, what others would take, and the best within limits. Pure.
 *
 * The gain of a configuration is what the base needs over what it needs, of request time, memory (on the device and in
 * the host's together) and energy; its mean is the geometric mean of those that are known. The best configuration is the
 * one of the largest mean. Each of the three is a sum or a sum and a max over slots, so the best one lies on the front
 * over them and the quality, and is exact for the predicted costs.
 *
 * Of weights in the host's memory (placement.h) a layer more costs every configuration the same time and bytes as the
 * layer before, and what all of it takes in both memories stays the same. So a configuration is best with the fewest
 * layers there with which it fits the device, and the front over what moves and what does not holds the best of all
 * numbers of layers. */
#ifndef PICK_H
#define PICK_H

#include "choose.h"

struct gain { double time, memory, energy, mean; };   /* over 1: better than the base; NAN unknown */
double gain_mean(const struct gain *);   /* of its parts, those that are known */
struct gain gain_of(const struct prediction *base, const struct prediction *);

/* Which options may be taken. */
enum pick_stage {
  STAGE_WEIGHTS,      /* any weights of known quality, the rest as in the default */
  STAGE_KV,           /* any cache of known quality with flash attention */
  STAGE_ATTENTION,    /* any attention algorithms over a 16-bit cache */
  STAGE_ALL,          /* everything of known quality */
  STAGE_UNKNOWN,      /* everything, as if nothing lost any quality: what unknown quality and the limit on it cost */
  STAGE_COUNT,
};
extern const char *const pick_stage_names[STAGE_COUNT];   /* "weights", "kv", "attention", "all", "unknown" */

struct pick_limits { double memory, quality_nats; };   /* INFINITY: none */

/* What each layer costs whose weights are in the host's memory: bytes there, ns and joules of a request. */
struct pick_layer { double bytes, ns, joules; };
struct pick_host {
  int64_t layers;                /* that can lie there */
  double room;                   /* bytes that the host has */
  struct pick_layer option[CLASS_COUNT][FRONT_OPTIONS], fixed;   /* of an option; whatever is chosen */
};

struct pick { uint8_t choice[SLOT_COUNT]; int64_t layers; double mean; };   /* layers in the host's memory; of the gains */

/* 16-bit weights and cache with one attention algorithm ("flash"). False with the reason why not. */
bool pick_plain(const struct space *, const char *algorithm, uint8_t choice[SLOT_COUNT], struct error *);
/* Weights of these formats by class, 16-bit cache, flash. */
bool pick_weights(const struct space *, const char *const format[CLASS_COUNT], uint8_t choice[SLOT_COUNT],
                  struct error *);
/* By the gains over `base`. With `host` not NULL at least one layer lies there; the space itself is without. ERROR_INFEASIBLE
 * when nothing of the stage is within the limits. */
bool pick_best(const struct space *, const struct task *, const struct prediction *base, enum pick_stage,
               const struct pick_limits *, const struct pick_host *host, struct pick *, struct error *);

#endif
