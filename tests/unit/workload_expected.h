/* Expected kernels of a workload, and that there are no others. */
#ifndef WORKLOAD_EXPECTED_H
#define WORKLOAD_EXPECTED_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cost.h"
#include "model.h"
#include "ops.h"

/* One kernel as the tests write it: the way, the step, its technique and the shape as in row ids. */
struct expected { enum phase phase; int slot; double count; size_t way, step; const char *technique, *shape; };

#define P PHASE_PREFILL
#define D PHASE_DECODE
#define F SLOT_FIXED
#define A SLOT_ATTENTION

static inline bool is_expected(const struct op *op, const struct expected *e) {
  char shape[128];
  const struct op_step *step = &op->way[e->way][e->step];
  if (op->phase != e->phase || op->slot != e->slot || op->count != e->count || !step->kase.family) return false;
  kernel_shape_text(&step->kase, shape, sizeof shape);
  return strcmp(step->technique, e->technique) == 0 && strcmp(shape, e->shape) == 0;
}

static inline size_t steps_of(const struct op *op) {
  size_t n = 0;
  for (size_t w = 0; w < OP_WAYS; w++)
    for (size_t s = 0; s < OP_STEPS; s++) n += op->way[w][s].kase.family != NULL;
  return n;
}

/* Each expected kernel is there, and nothing else is. */
static inline void assert_workload(const struct workload *w, const struct expected *expected, size_t n) {
  size_t steps = 0;
  for (size_t i = 0; i < w->n; i++) steps += steps_of(&w->ops[i]);
  for (size_t e = 0; e < n; e++) {
    size_t found = 0;
    for (size_t i = 0; i < w->n; i++) found += is_expected(&w->ops[i], &expected[e]);
    if (found != 1) fail_msg("%zu times %s %s (phase %d, slot %d, count %g)", found, expected[e].technique, expected[e].shape,
                             (int)expected[e].phase, expected[e].slot, expected[e].count);
  }
  assert_int_equal(steps, n);
}

static inline struct workload workload_of(const char *id, const struct task *task) {
  struct error err = {0};
  struct workload w;
  struct model *model = model_load(id, &err);
  if (!model) fail_msg("%s", err.text);
  const struct setting setting = setting_plain(model);
  if (!workload_build(&setting, task, &w, &err)) fail_msg("%s", err.text);
  free(model);
  return w;
}

static inline double cache_bytes(const struct workload *w, const char *technique) {
  double bytes = 0;
  for (size_t i = 0; i < w->n_caches; i++) bytes += w->caches[i].count * cost_stream_bytes(&w->caches[i].kase, technique_find(technique));
  return bytes;
}

/* Those of the ops whose names begin so are the expected ones and no others. */
static inline void assert_ops_named(const struct workload *all, const char *const begins[], size_t n_begins, const struct expected *expected, size_t n) {
  struct workload some = {.ops = calloc(all->n, sizeof *some.ops)};
  for (size_t i = 0; i < all->n; i++)
    for (size_t b = 0; b < n_begins; b++)
      if (strncmp(all->ops[i].name, begins[b], strlen(begins[b])) == 0) some.ops[some.n++] = all->ops[i];
  assert_workload(&some, expected, n);
  workload_free(&some);
}

#endif
