#include "verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "execute.h"
#include "judge.h"

static double work(const struct kernel_case *kase, const struct technique *technique) {
  return kase->family->flops(kase) + kase->family->bytes(kase, technique);
}

static void set_answer(struct answer *answer, enum status status, const char *reason) {
  answer->status = status;
  snprintf(answer->reason, sizeof answer->reason, "%s", reason);
}

/* Poison, run, read back. */
static bool run_clean(struct execution *ex, size_t max_dispatches, float *output, struct gpu_time *time,
                      struct error *err) {
  return execution_poison(ex, err) && execution_run(ex, 0, 1, max_dispatches, time, err) &&
         execution_output(ex, output, err);
}

/* ---- proof */

/* One shape, one fill, one number of windows: where in the proof we are, for the reason of a failure. */
struct step { const struct job *job; const struct dataset *data; uint32_t min_windows; };

static void set_wrong(struct answer *answer, const struct step *step, const char *what) {
  char shape[160];
  kernel_shape_text(&step->data->kase, shape, sizeof shape);
  answer->status = STATUS_WRONG;
  snprintf(answer->reason, sizeof answer->reason, "%s, %s data%s: %s", shape, fill_names[step->data->fill],
           step->min_windows > 1 ? ", in windows" : "", what);
}

static void keep_worst(struct answer *answer, const struct judgement *judgement) {
  if (!(judgement->ratio <= answer->ratio)) answer->ratio = judgement->ratio;
  if (!(judgement->error.nmse <= answer->error.nmse)) answer->error.nmse = judgement->error.nmse;
  if (!(judgement->error.max_abs <= answer->error.max_abs)) {
    answer->error.max_abs = judgement->error.max_abs;
    answer->error.tolerance = judgement->error.tolerance;
  }
  answer->error.elements += judgement->error.elements;
}

static bool prove_output(struct execution *ex, const struct step *step, float *output, struct answer *answer,
                         struct error *err) {
  const struct dataset *data = step->data;
  struct gpu_time first, second;
  struct judgement judgement = judgement_begin();
  bool intact;
  char what[256];
  if (!run_clean(ex, 0, output, &first, err)) return false;
  if (!execution_guards(ex, data, what, sizeof what, &intact, err)) return false;
  uint64_t hash = execution_hash(output, dataset_outputs(data));
  if (!judge_all(step->job->variant, data, output, &judgement, err)) return false;
  keep_worst(answer, &judgement);
  if (!judgement.right || !intact) {
    set_wrong(answer, step, intact ? judgement.what : what);
    return true;
  }
  if (!run_clean(ex, 0, output, &second, err)) return false;
  if (execution_hash(output, dataset_outputs(data)) != hash) set_wrong(answer, step, "two runs gave different outputs");
  codegen_keep_time(&answer->compile, execution_compile(ex, first.host_ns, second.host_ns));
  double speed = work(&data->kase, data->technique) / (1e-9 * execution_ns(&second));
  if (speed > answer->speed) answer->speed = speed;
  return true;
}

static bool prove_step(struct rig *rig, const struct step *step, struct answer *answer, struct error *err) {
  const struct dataset *data = step->data;
  struct execution *ex = execution_create(rig->gpu, rig->pipelines, &data->kase, step->job->variant, step->job->tuning,
                                          step->min_windows, 1, NULL, err);
  if (!ex) {
    bool unsplittable = step->min_windows > 1 && err->kind == ERROR_UNSUPPORTED;
    if (unsplittable) *err = (struct error){0};
    return unsplittable;
  }
  float *output = malloc(dataset_outputs(data) * sizeof *output);
  bool ok = output ? execution_load(ex, data, err) && prove_output(ex, step, output, answer, err)
                   : error_set(err, ERROR_MEMORY, "out of memory for the output");
  free(output);
  execution_destroy(ex);
  return ok;
}

static bool prove_shape(struct rig *rig, const struct job *job, const struct kernel_case *kase, struct answer *answer,
                        struct error *err) {
  const struct technique *technique = technique_of(kase->family, job->variant);
  for (int fill = 0; fill < FILL_COUNT && answer->status == STATUS_OK; fill++) {
    struct step step = {job, rig_data(rig, kase, technique, (enum fill)fill, job->seed, err), 1};
    if (!step.data || !prove_step(rig, &step, answer, err)) return false;
    step.min_windows = 3;   /* uneven for most shapes: first, middle and last window differ */
    if (fill == FILL_EXACT && answer->status == STATUS_OK && !prove_step(rig, &step, answer, err)) return false;
  }
  answer->shapes++;
  return true;
}

bool verify_variant(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  const struct family *family = family_of_technique(job->variant->technique);
  const char *why_not = "its family has no proof shapes";
  answer->status = STATUS_OK;
  for (size_t s = 0; family->proof_shapes[s][0] != 0 && answer->status == STATUS_OK; s++) {
    struct kernel_case kase = {.family = family, .mode = MODE_WARM};
    for (size_t d = 0; d < KERNEL_DIMS; d++) kase.dim[d] = family->proof_shapes[s][d];
    struct tensor_list list = {0};
    struct error senseless = {0};
    const char *reason = job->variant->valid ? job->variant->valid(&kase, gpu_caps(rig->gpu), job->tuning) : NULL;
    if (!reason && !family->tensors(&kase, technique_of(family, job->variant), &list, &senseless))
      reason = "the shapes make no sense for it";
    if (reason) why_not = reason;
    else if (!prove_shape(rig, job, &kase, answer, err)) return false;
  }
  if (!answer->shapes) set_answer(answer, STATUS_UNSUPPORTED, why_not);
  return true;
}

/* ---- the timed shape */

/* In at least *windows parts, or as near to it as the variant can be split: *windows is then what it accepted. */
static struct execution *create_split(struct rig *rig, const struct job *job, uint32_t *windows, struct error *err) {
  for (;; *windows /= 2) {
    struct execution *ex =
        execution_create(rig->gpu, rig->pipelines, &job->kase, job->variant, job->tuning, *windows, 1, NULL, err);
    if (ex || *windows <= 1 || err->kind != ERROR_UNSUPPORTED) return ex;
    *err = (struct error){0};
  }
}

/* Runs the op once, a submission for each dispatch, giving up when it takes longer than `seconds`. */
static bool run_carefully(struct execution *ex, double seconds, bool *in_time, uint64_t *host_ns, struct error *err) {
  double begin = rig_now();
  *host_ns = 0;
  for (size_t p = 0; p < ex->plan.n; p++) {
    struct gpu_time time;
    if (!execution_run_part(ex, p, 1, &time, err)) return false;
    *host_ns += time.host_ns;
    if (rig_now() - begin > seconds) {
      *in_time = false;
      return true;
    }
  }
  *in_time = true;
  return true;
}

/* The first run compiles; the second says how long the op takes, and its longest dispatch. */
static bool time_op(struct execution *ex, const struct job *job, bool *in_time, struct answer *answer,
                    double *longest_ns, struct error *err) {
  uint64_t first_ns, second_ns = 0;
  *longest_ns = 0;
  if (!run_carefully(ex, job->case_seconds, in_time, &first_ns, err)) return false;
  if (!*in_time) return true;
  answer->op_ns = 0;
  for (size_t p = 0; p < ex->plan.n; p++) {
    struct gpu_time time;
    if (!execution_run_part(ex, p, 1, &time, err)) return false;
    answer->op_ns += execution_ns(&time);
    *longest_ns = fmax(*longest_ns, execution_ns(&time));
    second_ns += time.host_ns;
  }
  codegen_keep_time(&answer->compile, execution_compile(ex, first_ns, second_ns));
  return true;
}

static uint32_t windows_for(double op_ns, double dispatch_ns) {
  double windows = ceil(op_ns / dispatch_ns);
  return windows < 1 ? 1 : windows > 65536 ? 65536 : (uint32_t)windows;
}

/* An execution whose dispatches keep the watchdog quiet. The estimate from the small proof shapes is too slow, so that
 * the first try is in too many windows; the second is split by what the first measured, with a factor of two to spare.
 * *longest_ns over the limit: there is none. */
static struct execution *fit_windows(struct rig *rig, const struct job *job, const struct dataset *data, bool *in_time,
                                     double *longest_ns, struct answer *answer, struct error *err) {
  double limit = execution_watchdog(gpu_caps(rig->gpu)).dispatch_ns;
  double estimate = job->speed > 0 ? 1e9 * work(&job->kase, data->technique) / job->speed : 0;
  answer->min_windows = windows_for(estimate, limit);
  for (int attempt = 0;; attempt++) {
    struct execution *ex = create_split(rig, job, &answer->min_windows, err);
    if (!ex) return NULL;
    ex->slack_ns = 1e9 * job->case_seconds;   /* a submission that takes longer costs the row in any case */
    if (!execution_load(ex, data, err) || !time_op(ex, job, in_time, answer, longest_ns, err)) {
      execution_destroy(ex);
      return NULL;
    }
    uint32_t wanted = windows_for(answer->op_ns, limit / 2);
    bool too_long = *longest_ns > limit;
    bool too_many = answer->min_windows > 2 * wanted && ex->plan.windows > wanted;
    if (!*in_time || attempt == 2 || (!too_long && !too_many)) return ex;
    execution_destroy(ex);
    answer->min_windows = wanted;
  }
}

static bool verify_output(struct execution *ex, const struct job *job, const struct dataset *data,
                          struct answer *answer, struct error *err) {
  uint64_t outputs = dataset_outputs(data);
  float *output = malloc(outputs * sizeof *output);
  if (!output) return error_set(err, ERROR_MEMORY, "out of memory for the output");
  struct gpu_time time;
  struct judgement judgement = judgement_begin();
  size_t batch = execution_batch(ex, answer->op_ns);
  bool intact = true;
  char what[256];
  bool ok = run_clean(ex, batch, output, &time, err) &&
            judge_some(job->variant, data, output, job->seed, &judgement, err) &&
            execution_guards(ex, NULL, what, sizeof what, &intact, err);
  if (ok) {
    answer->op_ns = fmin(answer->op_ns, execution_ns(&time));
    answer->hash = execution_hash(output, outputs);
    answer->error = judgement.error;
    answer->ratio = judgement.ratio;
    set_answer(answer, judgement.right && intact ? STATUS_OK : STATUS_WRONG,
               judgement.right ? intact ? "" : what : judgement.what);
  }
  free(output);
  return ok;
}

/* Seconds of all rounds: data, loading it, spreading the copies, the batch that is not counted, the samples. */
static double estimate_row(const struct job *job, const struct answer *answer, double data_s, double load_s,
                           uint64_t spread_bytes) {
  const double copy_bytes_per_s =
      1e9; /* the slowest software driver (SwiftShader and lavapipe copy 0.7 to 2.4 GB/s); no GPU is near it */
  double sample_s = fmax(job->sample_seconds, 1e-9 * answer->op_ns);
  return job->rounds * (data_s + load_s + (double)spread_bytes / copy_bytes_per_s + sample_s * (1 + job->samples));
}

bool verify_case(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  double begin = rig_now();
  const struct dataset *data =
      rig_data(rig, &job->kase, technique_of(job->kase.family, job->variant), FILL_RANDOM, job->seed, err);
  if (!data) return false;
  double data_s = rig_now() - begin;
  bool in_time = true;
  double longest_ns, limit_ns = execution_watchdog(gpu_caps(rig->gpu)).dispatch_ns;
  struct execution *ex = fit_windows(rig, job, data, &in_time, &longest_ns, answer, err);
  if (!ex) return false;
  uint32_t copies = execution_copies(&job->kase, &ex->tensors, gpu_caps(rig->gpu), job->llc_bytes);
  answer->windows = ex->plan.windows;
  answer->memory = ex->memory + ex->arena->stride * (copies - 1);
  begin = rig_now();
  ex->arena->loaded = false;   /* once more, for its time */
  bool ok = execution_load(ex, data, err);
  double load_s = rig_now() - begin;
  if (ok && !in_time) {
    set_answer(answer, STATUS_SKIPPED, "");
    snprintf(answer->reason, sizeof answer->reason,
             "one run takes over %.3g s, which is what the suite allows the whole row", job->case_seconds);
  } else if (ok && longest_ns > limit_ns) {
    set_answer(answer, STATUS_SKIPPED, "");
    snprintf(answer->reason, sizeof answer->reason,
             "one of its dispatches takes %.3g ms in the smallest windows it allows; %.3g ms are safe",
             1e-6 * longest_ns, 1e-6 * limit_ns);
  } else if (ok && (ok = verify_output(ex, job, data, answer, err)) && answer->status == STATUS_OK) {
    answer->estimate_s = estimate_row(job, answer, data_s, load_s, ex->arena->stride * (copies - 1));
    if (answer->estimate_s > job->case_seconds) {
      answer->status = STATUS_SKIPPED;
      snprintf(answer->reason, sizeof answer->reason, "would take %.3g s; the suite allows a row %.3g s",
               answer->estimate_s, job->case_seconds);
    }
  }
  execution_destroy(ex);
  return ok;
}
