#include "trial.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_worker.h"
#include "file.h"
#include "platform.h"

char trial_folder[] = "/tmp/test_run_XXXXXX";
char trial_out[64], trial_log[64];
static char suite_path[64], said_path[64], stem[256];
struct run_options trial_options;

static const char SUITE[] =
    "{\"schema\": \"vkpareto.suite/1\", \"name\": \"tiny\", \"description\": \"two ops and a ruler\", \"rounds\": 5,"
    " \"samples\": 2, \"sample_seconds\": 0.001, \"case_seconds\": 60, \"cases\": ["
    " {\"op\": \"block\", \"shape\": {\"rows\": 1, \"width\": 64}, \"techniques\": [\"rms_norm\"]},"
    " {\"op\": \"ceilings\", \"shape\": {\"bytes\": 1048576}, \"techniques\": [\"read\"]}]}";

long trial_start(bool resume) {
  fflush(NULL);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid) return pid;
  struct error err = {0};
  char path[4096] = "";
  size_t n_ok = 0;
  trial_options.resume = resume;
  if (!freopen(said_path, "w", stderr)) _exit(100);
  bench_run(&trial_options, path, &n_ok, &err);
  fprintf(stderr, "%s\n%s\n", path, err.text);
  fflush(stderr);
  _exit((int)err.kind);
}

int trial_run(bool resume) {
  pid_t pid = (pid_t)trial_start(resume);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  assert_int_equal(WTERMSIG(status), SIGKILL);
  return TRIAL_KILLED;
}

bool trial_said(const char *words) {
  struct error err = {0};
  char *text = file_read(said_path, 1 << 20, NULL, &err);
  bool found = text && strstr(text, words);
  if (!found && text) print_message("%s", text);
  free(text);
  return found;
}

const char *trial_named(const char *end) {
  static char path[4][400];
  static unsigned turn;
  char *name = path[turn++ % 4];
  snprintf(name, sizeof path[0], "%s%s", stem, end);
  return name;
}

struct result *trial_result(const char *end) {
  struct error err = {0};
  struct result *result = result_read(trial_named(end), &err);
  if (!result) fail_msg("%s", err.text);
  return result;
}

size_t trial_count(const struct result *result, enum status status) {
  size_t n = 0;
  for (size_t i = 0; i < result->n_rows; i++) n += result->rows[i].status == status;
  return n;
}

void trial_is_whole(size_t lost) {
  struct result *result = trial_result(".json");
  assert_int_equal(result->n_rows, 4);
  assert_int_equal(trial_count(result, STATUS_LOST), lost);
  assert_int_equal(trial_count(result, STATUS_OK) + lost, result->n_rows);
  for (size_t i = 0; i < result->n_rows; i++)
    if (result->rows[i].status == STATUS_OK) assert_int_equal(result->rows[i].time.rounds, 5);
  assert_string_equal(result->run.unfinished, "");
  result_free(result);
  assert_true(file_exists(trial_named(".samples.json")));
  static const char *const gone[] = {".journal", ".partial.json", ".partial.samples.json", ".2.json",
                                     ".2.samples.json"};
  for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
    if (file_exists(trial_named(gone[i]))) fail_msg("%s is left", trial_named(gone[i]));
}

int trial_clean(void **state) {
  (void)state;
  char command[256];
  snprintf(command, sizeof command, "rm -rf '%s' '%s'", trial_out, trial_log);
  trial_options = (struct run_options){.suite = suite_path, .out = trial_out, .seed = 1};
  unsetenv("FAKE_FAST");
  unsetenv("FAKE_ESTIMATE");
  fake_set(trial_log, 0, NULL);
  return system(command);
}

size_t trial_jobs_of_a_whole_run(void) {
  trial_clean(NULL);
  assert_int_equal(trial_run(false), ERROR_NONE);
  trial_is_whole(0);
  return fake_jobs(trial_log);
}

int trial_begin(void **state) {
  (void)state;
  struct error err = {0};
  if (!mkdtemp(trial_folder)) return -1;
  snprintf(trial_out, sizeof trial_out, "%s/out", trial_folder);
  snprintf(trial_log, sizeof trial_log, "%s/jobs", trial_folder);
  snprintf(said_path, sizeof said_path, "%s/said", trial_folder);
  snprintf(suite_path, sizeof suite_path, "%s/suite.json", trial_folder);
  setenv("VKPARETO_LOCKS", trial_folder, 1);   /* where devices are locked */
  trial_clean(NULL);
  cJSON *json = json_parse_file(getenv("FAKE_CAPS"), 1 << 20, &err);
  static struct caps caps;
  bool ok = json && caps_from_json(json, &caps, &err);
  cJSON_Delete(json);
  snprintf(stem, sizeof stem, "%s/%s/%s-tiny", trial_out, caps.slug, caps.driver_slug);
  return ok && file_write(suite_path, SUITE, strlen(SUITE), true, &err) ? 0 : -1;
}

int trial_end(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", trial_folder);
  return system(command);
}
