#include "brute.h"

#include <stdio.h>
#include <stdlib.h>

struct front_cost brute_cost(const struct front_algebra *algebra, const struct front_cost *base,
                             const struct front_slot *slots, size_t n_slots, const uint8_t *choice) {
  struct front_cost cost = *base;
  for (size_t s = 0; s < n_slots; s++) cost = front_combine(algebra, &cost, &slots[s].options[choice[s]]);
  return cost;
}

size_t brute_all(const struct front_algebra *algebra, const struct front_cost *base, const struct front_slot *slots,
                 size_t n_slots, size_t most, struct front_cost *out) {
  uint8_t choice[FRONT_SLOTS] = {0};
  for (size_t n = 0; n < most; n++) {
    out[n] = brute_cost(algebra, base, slots, n_slots, choice);
    size_t s = 0;
    while (s < n_slots && ++choice[s] == slots[s].n) choice[s++] = 0;
    if (s == n_slots) return n + 1;
  }
  fprintf(stderr, "error: more than %zu combinations\n", most);
  exit(EXIT_FAILURE);
}

bool brute_covers(const struct front_algebra *algebra, const struct front_cost *a, const struct front_cost *b) {
  for (size_t c = 0; c < algebra->n; c++)
    if (a->at[c] > b->at[c]) return false;
  return true;
}
