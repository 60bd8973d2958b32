#include "demand.h"

#include <math.h>
#include <string.h>

#include "family.h"

static bool is_candidate(const struct tunable *tunable, int32_t value) {
  for (size_t v = 0; v < tunable->n; v++)
    if (tunable->values[v] == value) return true;
  return false;
}

/* The row's tuning in the order of its variant's tunables; the preset where the row names no value that the kernel
 * knows. */
static void tuning_of(const struct result_row *row, const struct variant *variant, int32_t tuning[KERNEL_TUNABLES]) {
  for (size_t t = 0; t < variant->n_tunables; t++) {
    const struct tunable *tunable = &variant->tunables[t];
    tuning[t] = tunable->values[0];
    for (size_t r = 0; r < row->n_tuning; r++)
      if (strcmp(row->tuning_names[r], tunable->name) == 0 && is_candidate(tunable, row->tuning[r]))
        tuning[t] = row->tuning[r];
  }
}

static double groups_of(const struct pass *pass) {
  return (double)pass->groups[0] * (double)pass->groups[1] * (double)pass->groups[2];
}

/* By how much longer a pass takes than if its workgroups were spread evenly over the cores: the last ones to begin have
 * some of the cores to themselves. */
static double tail_of(double groups, struct cores cores) {
  return 1 + cores.loss * (ceil(groups / cores.n) * cores.n / groups - 1);
}

static void add_up(const struct dispatch_plan *plan, const struct kernel_case *kase, const struct technique *technique,
                   struct cores cores, struct demand *out) {
  const double per_score = family_per_score(kase);
  double work = 0, walked = 0, all_groups = 0, most_groups = 0;
  *out = (struct demand){0};
  for (size_t i = 0; i < plan->n_scratch; i++) out->scratch_bytes += (double)plan->scratch[i];
  for (size_t i = 0; i < plan->n; i++) {
    const double groups = groups_of(&plan->pass[i]), told = plan->pass[i].work;
    out->amount[FIT_LAUNCH]++;
    out->amount[FIT_SPREAD] += 1 - 1 / groups;
    work += told;
    walked += told * tail_of(groups, cores);
    all_groups += groups;
    most_groups = fmax(most_groups, groups);
  }
  const double tail = work > 0 ? walked / work : tail_of(most_groups, cores);
  if (cost_regime(kase) == REGIME_ANY || per_score > 0) out->amount[FIT_GROUP] = all_groups;
  if (!(work > 0)) work = kase->family->flops(kase);
  out->amount[FIT_BYTE] = kase->family->bytes(kase, technique) * tail;
  out->amount[FIT_OPERATION] = work * tail;
  out->amount[FIT_SCORE] = per_score > 0 ? work * tail / per_score : 0;
}

bool demand_of(const struct result_row *row, const struct kernel_case *kase, const struct caps *caps,
               struct cores cores, struct demand *out) {
  const struct variant *variant = variant_find(row->variant);
  int32_t tuning[KERNEL_TUNABLES] = {0};
  tuning_of(row, variant, tuning);
  if (variant->valid && variant->valid(kase, caps, tuning)) return false;
  struct dispatch_plan plan = {0};
  struct error err = {0};
  const bool ok = variant->plan(variant, kase, caps, tuning, 1, &plan, &err);
  if (ok) add_up(&plan, kase, technique_of(kase->family, variant), cores, out);
  dispatch_plan_free(&plan);
  return ok;
}
