/* What the worker is asked: a line that it takes is a job that it can do, and is written as it was read. */
#include "fuzz.h"
#include "job.h"

static void check_shape(const struct kernel_case *kase) {
  PROMISE(kase->family && kase->mode < MODE_COUNT);
  for (size_t d = 0; d < kase->family->n_dims; d++)
    PROMISE(kase->dim[d] >= kase->family->dims[d].min && kase->dim[d] <= kase->family->dims[d].max);
}

static void check_job(const struct job *job) {
  PROMISE(job->kind < JOB_KINDS && job->samples <= JOB_SAMPLES);
  PROMISE(job_is_bare(job->kind) || (job->kind == JOB_COMPILE ? (const void *)job->recipe.spirv : job->variant));
  PROMISE(job->recipe.n_spec <= KERNEL_SPEC);
  if (job->kind == JOB_VERIFY || job->kind == JOB_SAMPLE) check_shape(&job->kase);
}

static cJSON *write(const void *one) { return job_to_json(one); }
static bool read(const cJSON *json, void *to, struct error *err) { return job_from_json(json, to, err); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct error err = {0};
  struct job job, again;
  cJSON *json = json_parse((const char *)data, size, &err);
  bool taken = json && job_from_json(json, &job, &err);
  fuzz_check_error(taken, &err);
  cJSON_Delete(json);
  if (!taken) return 0;
  check_job(&job);
  fuzz_round_trip(&(struct fuzz_format){write, read}, &job, &again);
  return 0;
}
