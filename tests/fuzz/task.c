/* A task, on a model that is embedded: counts are positive, what fits the model gives finite work. */
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"
#include "model.h"
#include "ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct task task;
  struct error err = {0};
  bool taken = task_parse((const char *)data, size, &task, &err);
  fuzz_check_error(taken, &err);
  if (!taken) return 0;
  PROMISE(task.prompt > 0 && task.output > 0 && task.concurrency > 0);
  struct model *model = model_load("smollm2-135m", &err);
  PROMISE(model);
  struct workload work = {0};
  const struct setting setting = setting_plain(model);
  bool fits = workload_build(&setting, &task, &work, &err);
  fuzz_check_error(fits, &err);
  if (fits) PROMISE(work.passes[PHASE_PREFILL] >= 1 && isfinite(work.activation_bytes));
  if (fits) workload_free(&work);
  free(model);
  return 0;
}
