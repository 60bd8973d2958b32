#include "fake_worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "result.h"

enum { MOST_BYTES = 16 << 20 };
enum { TIRESOME = 20 };   /* samples in a job: with FAKE_TIRES the second half of more takes half as long again */
static const double OP_NS = 1e6;

/* ---- the test's side */

void fake_set(const char *log, int at, const char *deed) {
  char number[16];
  snprintf(number, sizeof number, "%d", deed ? at : -1);
  setenv("FAKE_CAPS", SOURCE_DIR "/tests/plan/caps/lavapipe.json", 1);
  setenv("FAKE_LOG", log, 1);
  setenv("FAKE_AT", number, 1);
  setenv("FAKE_DO", deed ? deed : "", 1);
}

size_t fake_jobs_of(const char *log, const char *text) {
  char line[4096];
  size_t n = 0;
  FILE *file = fopen(log, "r");
  while (file && fgets(line, sizeof line, file)) n += strstr(line, text) != NULL;
  if (file) fclose(file);
  return n;
}

size_t fake_jobs(const char *log) { return fake_jobs_of(log, "\n"); }

/* ---- the worker's */

static void say(const char *text) {
  fputs(text, stdout);
  fputc('\n', stdout);
  fflush(stdout);
}

static void say_json(cJSON *json) {
  char *text = json_text(json, SIZE_MAX);
  cJSON_Delete(json);
  say(text);
  free(text);
}

static cJSON *read_caps(void) {
  struct error err = {0};
  return json_parse_file(getenv("FAKE_CAPS"), MOST_BYTES, &err);
}

static void greet(const char *uuid) {
  cJSON *json = cJSON_CreateObject(), *caps = read_caps();
  if (uuid) cJSON_ReplaceItemInObject(caps, "uuid", cJSON_CreateString(uuid));
  cJSON_AddItemToObject(json, "caps", caps);
  say_json(json);
}

/* Reading takes five times as long where FAKE_LLC bytes do not hold the set. */
static double read_ns(int64_t bytes) { return (double)bytes * (bytes <= atoll(getenv("FAKE_LLC")) ? 0.1 : 0.5); }

/* Ceilings that are slow beside the rest make rows that pass them. */
static double time_of(const struct job *job) {
  bool ruler = job->variant && strncmp(job->variant->id, "ceilings.", 9) == 0;
  if (getenv("FAKE_LLC") && ruler) return read_ns(job->kase.dim[0]);
  return getenv("FAKE_FAST") && !ruler ? OP_NS / 1e5 : OP_NS;
}

static cJSON *good_answer(const struct job *job, int id) {
  static struct answer answer;
  answer = (struct answer){.status = STATUS_OK, .windows = 1, .min_windows = 1, .shapes = 1, .memory = 4096};
  answer.op_ns = time_of(job);
  answer.estimate_s = getenv("FAKE_ESTIMATE") ? atof(getenv("FAKE_ESTIMATE")) : 0.01;
  answer.hash = 1;
  bool tires = getenv("FAKE_TIRES") && job->samples > TIRESOME;
  if (job_takes_samples(job->kind))
    for (; answer.n_samples < job->samples; answer.n_samples++)
      answer.ns[answer.n_samples] = answer.host_ns[answer.n_samples] =
          time_of(job) * (tires && 2 * answer.n_samples > job->samples ? 1.5 : 1);
  cJSON *json = answer_to_json(&answer);
  cJSON_AddNumberToObject(json, "id", id);
  return json;
}

static void pause_ms(long ms) { nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL); }

/* From here on the parent can make no file longer than its journal is now and a little more. */
static void fill_disk(void) {
  struct rlimit limit;
  struct stat info;
  prlimit(getppid(), RLIMIT_FSIZE, NULL, &limit);
  limit.rlim_cur = stat(getenv("FAKE_JOURNAL"), &info) == 0 ? (rlim_t)info.st_size + 100 : 0;
  prlimit(getppid(), RLIMIT_FSIZE, &limit, NULL);
}

/* Does what FAKE_DO says; true when the job is still to be answered. */
static bool misbehave(const char *deed, const struct job *job, int id) {
  char line[256];
  if (strcmp(deed, "die") == 0 || strcmp(deed, "other device") == 0) kill(getpid(), SIGKILL);
  if (strcmp(deed, "hang") == 0) pause_ms(600000);
  if (strcmp(deed, "slow") == 0) pause_ms(2500);
  if (strcmp(deed, "full disk") == 0) fill_disk();
  if (strcmp(deed, "full disk and interrupt") == 0) fill_disk(), kill(getppid(), SIGINT), pause_ms(600000);
  if (strcmp(deed, "interrupt parent") == 0) kill(getppid(), SIGINT), pause_ms(600000);
  if (strcmp(deed, "kill parent") == 0) kill(getppid(), SIGKILL), pause_ms(600000);
  if (strcmp(deed, "answer and kill parent") == 0)
    say_json(good_answer(job, id)), kill(getppid(), SIGKILL), pause_ms(600000);
  if (strcmp(deed, "wrong types") == 0) snprintf(line, sizeof line, "{\"id\": %d, \"status\": 3, \"ns\": {}}", id);
  else if (strcmp(deed, "negative time") == 0)
    snprintf(line, sizeof line, "{\"id\": %d, \"status\": \"ok\", \"ns\": [-5]}", id);
  else if (strcmp(deed, "no time") == 0)
    snprintf(line, sizeof line, "{\"id\": %d, \"status\": \"ok\", \"ns\": [], \"host_ns\": []}", id);
  else if (strcmp(deed, "NaN") == 0) snprintf(line, sizeof line, "{\"id\": %d, \"status\": \"ok\", \"ns\": [NaN]}", id);
  else if (strcmp(deed, "another question") == 0) return say_json(good_answer(job, id - 1)), false;
  else if (strcmp(deed, "two answers") == 0) return say("{}\n{}"), false;
  else if (strcmp(deed, "no JSON") == 0) snprintf(line, sizeof line, "I am a driver");
  else return strcmp(deed, "long line") != 0;
  say(line);
  return false;
}

static void say_long_line(void) {
  for (int i = 0; i < 10 << 20; i++) fputc('x', stdout);
  say("");
}

static void log_job(const char *line) {
  FILE *log = fopen(getenv("FAKE_LOG"), "a");
  if (!log) exit(1);
  fputs(line, log);
  fclose(log);
}

static bool is_time_for(int at) { return at == (int)fake_jobs(getenv("FAKE_LOG")); }

static bool greet_badly(const char *deed) {
  if (strcmp(deed, "die") == 0) kill(getpid(), SIGKILL);
  if (strcmp(deed, "other device") == 0) return false;
  say(strcmp(deed, "wrong types") == 0 ? "{\"caps\": [1], \"devices\": 7}" : "hello");
  return true;
}

int fake_worker(void) {
  static char line[1 << 16];
  const char *deed = getenv("FAKE_DO");
  int at = atoi(getenv("FAKE_AT"));
  bool other = strcmp(deed, "other device") == 0 && (int)fake_jobs(getenv("FAKE_LOG")) >= at;
  if (at == 0 && greet_badly(deed)) return 0;
  greet(other ? "00000000000000000000000000000bad" : NULL);
  while (fgets(line, sizeof line, stdin)) {
    struct error err = {0};
    struct job job;
    int64_t id = 0;
    cJSON *json = json_parse(line, strlen(line), &err);
    if (!json || !job_from_json(json, &job, &err) || !json_int(json, "id", 0, 1 << 30, &id, &err)) return 1;
    cJSON_Delete(json);
    if (job.kind == JOB_MEMORY) {   /* asked at the begin and the end of a run, never of the journal: not counted */
      say_json(good_answer(&job, (int)id));
      continue;
    }
    log_job(line);
    bool now = at > 0 && is_time_for(at);
    if (now && strcmp(deed, "long line") == 0) say_long_line();
    if (!now || misbehave(deed, &job, (int)id)) say_json(good_answer(&job, (int)id));
  }
  if (strcmp(deed, "interrupt when stopped") == 0) kill(getppid(), SIGINT);
  return 0;
}
