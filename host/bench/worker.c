#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "job.h"
#include "measure.h"
#include "rig.h"
#include "run.h"
#include "verify.h"

/* One line and its newline, at once. Takes the object. */
static bool say(FILE *to, cJSON *json) {
  char *text = json ? json_text(json, SIZE_MAX) : NULL;
  bool ok = text && fputs(text, to) >= 0 && fputc('\n', to) != EOF && fflush(to) == 0;
  free(text);
  cJSON_Delete(json);
  return ok;
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

static bool do_job(struct rig *rig, const struct job *job, struct answer *answer, struct error *err) {
  switch (job->kind) {
  case JOB_PROVE: return verify_variant(rig, job, answer, err);
  case JOB_VERIFY: return verify_case(rig, job, answer, err);
  case JOB_SAMPLE: return measure_case(rig, job, answer, err);
  case JOB_SUBMIT: return measure_submit(rig, job, answer, err);
  default: return error_set(err, ERROR_INPUT, "a job of no kind");
  }
}

/* Answers one line. *in_doubt: the device may be in any state, this process should not go on with it. */
static bool serve(struct rig *rig, const char *line, size_t bytes, FILE *to, bool *in_doubt) {
  static struct answer answer;   /* large */
  struct job job;
  struct error err = {0};
  answer = (struct answer){.status = STATUS_OK};
  cJSON *json = json_parse(line, bytes, &err);
  if (!json || !job_from_json(json, &job, &err) || !do_job(rig, &job, &answer, &err)) {
    answer.status = job_status(&err);
    snprintf(answer.reason, sizeof answer.reason, "%.*s", (int)sizeof answer.reason - 1, err.text);
  }
  cJSON_Delete(json);
  *in_doubt = err.kind == ERROR_LOST || err.kind == ERROR_TIMEOUT;
  const char *first = NULL;
  answer.validation = gpu_validation_messages(rig->gpu, &first);
  if (answer.validation && first && answer.status == STATUS_OK)
    snprintf(answer.reason, sizeof answer.reason, "validation: %.400s", first);
  return say(to, answer_to_json(&answer));
}

int bench_worker(size_t device, bool validation) {
  /* Ctrl-C and SIGTERM may reach the whole group: the parent decides, and ends this process. */
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  /* Drivers print to stdout; the protocol must not be in their way. */
  int fd = dup(STDOUT_FILENO);
  FILE *to = fd >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 ? fdopen(fd, "w") : NULL;
  if (!to) return EXIT_INPUT;
  struct rig rig;
  struct error err = {0};
  bool open = rig_open(&rig, device, validation, &err);
  bool alive = say(to, open ? caps_line(gpu_caps(rig.gpu)) : error_line(&err));
  char *line = NULL;
  size_t capacity = 0;
  bool in_doubt = !open;
  while (alive && !in_doubt) {
    ssize_t bytes = getline(&line, &capacity, stdin);
    if (bytes <= 0) break;
    alive = serve(&rig, line, (size_t)bytes, to, &in_doubt);
  }
  free(line);
  if (open) rig_close(&rig);
  fclose(to);
  return open ? EXIT_DONE : (int)error_exit_status(&err);
}
