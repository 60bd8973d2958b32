/* A model, and every embedded task on it: dimensions are positive, sums finite. */
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"
#include "model.h"
#include "ops.h"

static void check_workload(const struct model *model, const struct task *task) {
  struct workload work = {0};
  struct error err = {0};
  const struct setting setting = setting_plain(model);
  bool fits = workload_build(&setting, task, &work, &err);
  fuzz_check_error(fits, &err);
  if (!fits) return;
  for (size_t i = 0; i < work.n; i++) {
    const struct op *op = &work.ops[i];
    PROMISE(op->name && op->phase < PHASE_COUNT && op->slot >= 0 && op->slot <= SLOT_FIXED);
    PROMISE(isfinite(op->count) && op->count > 0);
    for (size_t d = 0; op->way[0][0].kase.family && d < op->way[0][0].kase.family->n_dims; d++)
      PROMISE(op->way[0][0].kase.dim[d] >= 0);
  }
  PROMISE(isfinite(work.activation_bytes) && work.kv_length > 0);
  workload_free(&work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const tasks[] = {"chat", "batch", "summarise"};
  struct model model;
  struct error err = {0};
  bool taken = model_parse((const char *)data, size, &model, &err);
  fuzz_check_error(taken, &err);
  if (!taken) return 0;
  PROMISE(model.params > 0 && isfinite(model.params) && model.hidden > 0 && model.layers > 0 && model.kv_heads > 0);
  PROMISE(model.heads % model.kv_heads == 0 && isfinite(model_fixed_bytes(&model)));
  for (int c = 0; c < CLASS_COUNT; c++) PROMISE(isfinite(model_class_params(&model, (enum tensor_class)c)));
  for (size_t t = 0; t < sizeof tasks / sizeof *tasks; t++) {
    struct task *task = task_load(tasks[t], &err);
    PROMISE(task);
    check_workload(&model, task);
    free(task);
  }
  return 0;
}
