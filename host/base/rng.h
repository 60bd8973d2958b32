/* Seeded random numbers: xoshiro256** (Blackman and Vigna 2018) seeded by splitmix64. Same seed, same stream,
 * on every machine. Not for cryptography. */
#ifndef RNG_H
#define RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng { uint64_t state[4]; };

struct rng rng_make(uint64_t seed);
/* A seed for a named part of the work, so that no two parts share a stream. */
uint64_t rng_derive(uint64_t seed, uint64_t part);
uint64_t rng_next(struct rng *);
uint64_t rng_below(struct rng *, uint64_t n);       /* [0, n), unbiased (Lemire 2019); n > 0 */
double rng_uniform(struct rng *);                   /* [0, 1) */
float rng_normal(struct rng *);                     /* mean 0, deviation 1 (polar method of Marsaglia) */
void rng_bytes(struct rng *, void *out, size_t bytes);   /* fast: fills words */

#endif
