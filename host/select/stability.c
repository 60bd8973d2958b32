#include "stability.h"

#include <math.h>

static bool has_unknown_errors(const struct space *space) {
  for (int s = 0; s < SLOT_COUNT; s++)
    for (size_t o = 0; o < space->slots[s].n; o++)
      for (int p = 0; p < PHASE_COUNT; p++)
        if (!isfinite(space->slots[s].options[o].time[p].hi)) return true;
  return false;
}

struct stability stability_of(const struct space *spaces, size_t n_spaces, const struct redraws *r, size_t point) {
  struct stability out = {.best_share = NAN, .regret = NAN};
  for (size_t i = 0; i < n_spaces; i++) out.unknown_errors = out.unknown_errors || has_unknown_errors(&spaces[i]);
  const size_t mine = redraw_find(r, point);
  if (mine == r->n) return out;
  size_t stayed = 0;
  double regret = 0, best_sum = 0;
  out.draws = r->draws;
  for (size_t i = 0; i < r->draws; i++) {
    const double *score = &r->score[i * r->n];
    double best = score[mine];
    for (size_t k = 0; k < r->n; k++) best = fmin(best, score[k]);
    stayed += best >= score[mine];
    regret += score[mine] - best;
    best_sum += best;
  }
  out.best_share = (double)stayed / (double)out.draws;
  out.regret = best_sum > 0 ? regret / best_sum : 0;
  return out;
}
