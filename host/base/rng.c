#include "rng.h"

#include <math.h>
#include <string.h>

static uint64_t splitmix64(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

struct rng rng_make(uint64_t seed) {
  struct rng rng;
  for (size_t i = 0; i < 4; i++) rng.state[i] = splitmix64(&seed);
  return rng;
}

uint64_t rng_derive(uint64_t seed, uint64_t part) {
  uint64_t state = seed;
  state = splitmix64(&state) ^ part;
  return splitmix64(&state);
}

uint64_t rng_next(struct rng *rng) {
  uint64_t *s = rng->state;
  uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 45);
  return result;
}

uint64_t rng_below(struct rng *rng, uint64_t n) {
  uint64_t threshold = -n % n;   /* 2^64 mod n: low halves below it would be hit once too often */
  for (;;) {
    __extension__ unsigned __int128 product = (__extension__ (unsigned __int128)rng_next(rng)) * n;
    if ((uint64_t)product >= threshold) return (uint64_t)(product >> 64);
  }
}

double rng_uniform(struct rng *rng) { return (double)(rng_next(rng) >> 11) * 0x1p-53; }

float rng_normal(struct rng *rng) {
  double x, y, square;
  do {
    x = 2 * rng_uniform(rng) - 1;
    y = 2 * rng_uniform(rng) - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  return (float)(x * sqrt(-2 * log(square) / square));
}

void rng_bytes(struct rng *rng, void *out, size_t bytes) {
  unsigned char *at = out;
  while (bytes) {
    uint64_t word = rng_next(rng);
    size_t n = bytes < sizeof word ? bytes : sizeof word;
    memcpy(at, &word, n);
    at += n;
    bytes -= n;
  }
}
