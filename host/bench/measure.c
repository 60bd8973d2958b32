#include "measure.h"

#include <stdio.h>
#include <stdlib.h>

#include "execute.h"
#include "rng.h"

/* Runs of the op in one sample: as many as fill the time, within one submission. */
static uint32_t repeats(const struct job *job, size_t batch, size_t dispatches) {
  double wanted = 1e9 * job->sample_seconds / job->op_ns;
  double most = (double)batch / (double)dispatches;
  if (wanted > most) wanted = most;
  return wanted < 1 ? 1 : (uint32_t)wanted;
}

static double host_ns(const struct gpu_time *time) { return time->host_ns ? (double)time->host_ns : 1; }

/* One batch. *same: it left the output that was verified. */
static bool run_batch(struct execution *ex, const struct job *job, uint32_t first, uint32_t repeat, size_t batch,
                      float *output, struct gpu_time *time, bool *same, struct error *err) {
  if (!execution_poison(ex, err) || !execution_run(ex, first, repeat, batch, time, err) ||
      !execution_output(ex, output, err))
    return false;
  *same = execution_hash(output, ex->tensors.tensor[ex->output].bytes / 4) == job->hash;
  return true;
}

static bool take_samples(struct execution *ex, const struct job *job, float *output, struct answer *answer,
                         struct error *err) {
  size_t batch = execution_batch(ex, job->op_ns);
  uint32_t repeat = repeats(job, batch, ex->plan.n), first = 0;
  answer->gpu_clock = true;
  for (uint32_t s = 0; s <= job->samples; s++, first += repeat) {
    struct gpu_time time;
    bool same;
    if (!run_batch(ex, job, first, repeat, batch, output, &time, &same, err)) return false;
    if (!same) {
      answer->status = STATUS_WRONG;
      snprintf(answer->reason, sizeof answer->reason, "batch %u left another output than the verified run", s);
      return true;
    }
    if (s == 0) continue;
    answer->ns[answer->n_samples] = execution_ns(&time) / repeat;
    answer->host_ns[answer->n_samples++] = host_ns(&time) / repeat;
    answer->gpu_clock = answer->gpu_clock && time.gpu_ns;
  }
  return true;
}

bool measure_case(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  const struct caps *caps = gpu_caps(rig->gpu);
  rig_begin_round(rig, job->round);
  const struct dataset *data =
      rig_data(rig, &job->kase, technique_of(job->kase.family, job->variant), FILL_RANDOM, job->seed, err);
  if (!data) return false;
  uint32_t copies = execution_copies(&job->kase, &data->tensors, caps, job->llc_bytes);
  struct execution *ex = execution_create(rig->gpu, rig->pipelines, &job->kase, job->variant, job->tuning,
                                          job->min_windows, copies, &rig->arena, err);
  if (!ex) return false;
  answer->windows = ex->plan.windows;
  answer->memory = ex->memory;
  float *output = malloc(dataset_outputs(data) * sizeof *output);
  bool ok = output ? execution_load(ex, data, err) && take_samples(ex, job, output, answer, err)
                   : error_set(err, ERROR_MEMORY, "out of memory for the output");
  free(output);
  execution_destroy(ex);
  return ok;
}

bool measure_submit(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  for (uint32_t s = 0; s <= job->samples; s++) {
    struct gpu_time time;
    if (!gpu_run(rig->gpu, NULL, 0, gpu_patience_ns, &time, err)) return false;
    if (s) answer->ns[answer->n_samples] = answer->host_ns[answer->n_samples] = host_ns(&time);
    if (s) answer->n_samples++;
  }
  return true;
}

/* The first copy touches the pages and is no sample. */
static bool take_copies(struct rig *rig, const struct job *job, struct gpu_buffer *to, struct gpu_buffer *from,
                        struct answer *answer, struct error *err) {
  answer->gpu_clock = true;
  for (uint32_t s = 0; s <= job->samples; s++) {
    struct gpu_time time;
    if (!gpu_copy(rig->gpu, to, 0, from, 0, JOB_TRANSFER_BYTES, &time, err)) return false;
    if (s == 0) continue;
    answer->ns[answer->n_samples] = execution_ns(&time);
    answer->host_ns[answer->n_samples++] = host_ns(&time);
    answer->gpu_clock = answer->gpu_clock && time.gpu_ns;
  }
  return true;
}

static bool load_random(struct gpu *gpu, struct gpu_buffer *buffer, struct error *err) {
  const size_t words = JOB_TRANSFER_BYTES / sizeof(uint64_t);
  uint64_t *data = malloc(words * sizeof *data);
  if (!data) return error_set(err, ERROR_MEMORY, "out of memory for %d bytes to copy", (int)JOB_TRANSFER_BYTES);
  struct rng rng = rng_make(1);
  for (size_t i = 0; i < words; i++) data[i] = rng_next(&rng);
  const bool ok = gpu_upload(gpu, buffer, 0, data, JOB_TRANSFER_BYTES, err);
  free(data);
  return ok;
}

bool measure_transfer(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  struct gpu_buffer *host = gpu_buffer_create_host(rig->gpu, JOB_TRANSFER_BYTES, err);
  struct gpu_buffer *device = host ? gpu_buffer_create(rig->gpu, JOB_TRANSFER_BYTES, err) : NULL;
  const bool up = job->kind == JOB_UPLOAD;
  struct gpu_buffer *from = up ? host : device, *to = up ? device : host;
  const bool ok = device && load_random(rig->gpu, from, err) && take_copies(rig, job, to, from, answer, err);
  gpu_buffer_destroy(rig->gpu, device);
  gpu_buffer_destroy(rig->gpu, host);
  return ok;
}
