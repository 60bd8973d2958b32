#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "energy_case.h"
#include "job.h"
#include "measure.h"
#include "platform.h"
#include "rig.h"
#include "run.h"
#include "try_limits.h"
#include "verify.h"

/* One line and its newline, at once. Takes the object. */
static bool say(int channel, cJSON *json) {
  char *text = json ? json_text(json, SIZE_MAX) : NULL;
  cJSON_Delete(json);
  if (!text) return false;
  size_t bytes = strlen(text);
  text[bytes++] = '\n';   /* in the place of the terminating 0 */
  int failed = platform_write(channel, text, bytes);
  free(text);
  return !failed;
}

static cJSON *error_line(const struct error *err) {
  cJSON *json = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(json, "error");
  cJSON_AddNumberToObject(error, "kind", err->kind);
  cJSON_AddStringToObject(error, "text", err->text);
  return json;
}

static cJSON *caps_line(const struct caps *caps) {
  cJSON *json = cJSON_CreateObject();
  cJSON_AddItemToObject(json, "caps", caps_to_json(caps));
  return json;
}

static bool compile(struct rig *rig, const struct recipe *recipe, struct answer *answer, struct error *err) {
  if (!gpu_compile(rig->gpu, recipe->spirv, recipe->bindings, recipe->push_bytes, recipe->spec, recipe->n_spec,
                   &answer->code, err))
    return false;
  answer->compile = (struct compile_time){answer->code.compile_ns, CACHED_NO};
  return true;
}

static bool tell_memory(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  const struct caps *caps = gpu_caps(rig->gpu);
  if (job->samples && !try_limits(rig, err)) return false;
  answer->tried = caps->tried;
  gpu_read_heaps(rig->gpu);
  if (!(caps->features & FEATURE_MEMORY_BUDGET)) return true;
  for (; answer->n_heaps < caps->n_heaps; answer->n_heaps++)
    answer->heap[answer->n_heaps] =
        (struct heap_use){caps->heap[answer->n_heaps].budget, caps->heap[answer->n_heaps].used};
  return true;
}

static bool do_job(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  switch (job->kind) {
  case JOB_PROVE: return verify_variant(rig, job, answer, err);
  case JOB_VERIFY: return verify_case(rig, job, answer, err);
  case JOB_SAMPLE: return measure_case(rig, job, answer, err);
  case JOB_SUBMIT: return measure_submit(rig, job, answer, err);
  case JOB_UPLOAD:
  case JOB_DOWNLOAD: return measure_transfer(rig, job, answer, err);
  case JOB_COMPILE: return compile(rig, &job->recipe, answer, err);
  case JOB_ENERGY: return energy_case(rig, job, answer, err);
  case JOB_MEMORY: return tell_memory(rig, job, answer, err);
  default: return error_set(err, ERROR_INPUT, "a job of no kind");
  }
}

/* Answers one line. *in_doubt: the device may be in any state, this process should not go on with it. */
static bool serve(struct rig *rig, const char *line, size_t bytes, int channel, bool *in_doubt) {
  static struct answer answer;   /* large */
  struct job job;
  struct error err = {0};
  answer = (struct answer){.status = STATUS_OK, .code.codegen = codegen_unknown()};
  cJSON *json = json_parse(line, bytes, &err);
  if (!json || !job_from_json(json, &job, &err) || !do_job(rig, &job, &answer, &err)) {
    answer.status = job_status(&err);
    snprintf(answer.reason, sizeof answer.reason, "%.*s", (int)sizeof answer.reason - 1, err.text);
  }
  int64_t id = 0;
  struct error ignored = {0};
  if (json) json_int_or(json, "id", 0, UINT32_MAX, 0, &id, &ignored);
  cJSON_Delete(json);
  *in_doubt = err.kind == ERROR_LOST || err.kind == ERROR_TIMEOUT;
  const char *first = NULL;
  answer.validation = gpu_validation_messages(rig->gpu, &first);
  if (answer.validation && first && answer.status == STATUS_OK)
    snprintf(answer.reason, sizeof answer.reason, "validation: %.400s", first);
  json = answer_to_json(&answer);
  json_add_int(json, "id", id);
  return say(channel, json);
}

/* Reads jobs until there are no more or the device is in doubt. */
static void serve_all(struct rig *rig, int channel) {
  static char line[1 << 16];   /* a job has under a thousand bytes */
  bool alive = true, in_doubt = false;
  while (alive && !in_doubt && fgets(line, sizeof line, stdin)) {
    alive = serve(rig, line, strlen(line), channel, &in_doubt);
    if (!in_doubt) rig_keep_pipelines(rig, false);
  }
  if (!in_doubt) rig_keep_pipelines(rig, true);
}

/* The parent decides about interrupts. Drivers print to stdout: the protocol must not be in their way. */
static int begin(void) {
  platform_ignore_interrupts();
  return platform_take_stdout();
}

int bench_worker(const struct worker_options *options) {
  int channel = begin();
  struct rig rig;
  struct error err = {0};
  if (channel < 0) return EXIT_INPUT;
  bool open = rig_open(&rig, options->device, options->validation, options->anew, &err);
  if (open) gpu_lower_limits(rig.gpu, options->allocation, options->range);
  bool alive = say(channel, open ? caps_line(gpu_caps(rig.gpu)) : error_line(&err));
  if (open && alive) serve_all(&rig, channel);
  if (open) rig_close(&rig);
  platform_close(channel);
  return open ? EXIT_DONE : (int)error_exit_status(&err);
}

static cJSON *devices_line(const struct caps *devices, size_t n) {
  cJSON *json = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(json, "devices");
  for (size_t i = 0; i < n; i++) cJSON_AddItemToArray(list, caps_to_json(&devices[i]));
  return json;
}

int bench_worker_list(void) {
  int channel = begin();
  if (channel < 0) return EXIT_INPUT;
  struct error err = {0};
  struct caps *devices = calloc(GPU_MAX_DEVICES, sizeof *devices);
  size_t n = 0;
  bool ok = devices ? gpu_list(devices, GPU_MAX_DEVICES, &n, &err)
                    : error_set(&err, ERROR_MEMORY, "out of memory listing the devices");
  bool said = say(channel, ok ? devices_line(devices, n) : error_line(&err));
  free(devices);
  platform_close(channel);
  return ok && said ? EXIT_DONE : EXIT_INPUT;
}
