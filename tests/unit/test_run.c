/* Whole runs against a worker without a device, this program again: what is asked is counted, and parent, worker and
 * disk fail at chosen moments. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_worker.h"
#include "file.h"
#include "log.h"
#include "platform.h"
#include "result.h"
#include "run.h"

static char folder[] = "/tmp/test_run_XXXXXX";
static char out[64], log_path[64], suite_path[64], said_path[64], stem[256];
#define DESKTOP "desktop/desktop-driver"   /* device and driver of tests/plan/caps/desktop.json */
static struct run_options options;

static const char SUITE[] =
    "{\"schema\": \"vkpareto.suite/1\", \"name\": \"tiny\", \"description\": \"two ops and a ruler\", \"rounds\": 5,"
    " \"samples\": 2, \"sample_seconds\": 0.001, \"case_seconds\": 60, \"cases\": ["
    " {\"op\": \"block\", \"shape\": {\"rows\": 1, \"width\": 64}, \"techniques\": [\"rms_norm\"]},"
    " {\"op\": \"ceilings\", \"shape\": {\"bytes\": 1048576}, \"techniques\": [\"read\"]}]}";

/* ---- a run in a process of its own, which may be killed or interrupted */

enum { KILLED = -1 };

/* error_kind of the run, or KILLED; what it says goes to said_path. */
static int run(bool resume) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    struct error err = {0};
    char path[4096];
    size_t n_ok = 0;
    options.resume = resume;
    if (!freopen(said_path, "w", stderr)) _exit(100);
    bench_run(&options, path, &n_ok, &err);
    fprintf(stderr, "%s\n", err.text);
    fflush(stderr);
    _exit((int)err.kind);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  assert_int_equal(WTERMSIG(status), SIGKILL);
  return KILLED;
}

static bool said(const char *words) {
  struct error err = {0};
  char *text = file_read(said_path, 1 << 20, NULL, &err);
  bool found = text && strstr(text, words);
  if (!found && text) print_message("%s", text);
  free(text);
  return found;
}

static const char *named(const char *end) {
  static char path[4][400];
  static unsigned turn;
  char *name = path[turn++ % 4];
  snprintf(name, sizeof path[0], "%s%s", stem, end);
  return name;
}

static struct result *read_result(const char *end) {
  struct error err = {0};
  struct result *result = result_read(named(end), &err);
  if (!result) fail_msg("%s", err.text);
  return result;
}

static size_t count_status(const struct result *result, enum status status) {
  size_t n = 0;
  for (size_t i = 0; i < result->n_rows; i++) n += result->rows[i].status == status;
  return n;
}

/* A whole result with no row but timed ones, `lost` of them excepted; nothing else is left in the folder. */
static void is_whole(size_t lost) {
  struct result *result = read_result(".json");
  assert_int_equal(result->n_rows, 4);
  assert_int_equal(count_status(result, STATUS_LOST), lost);
  assert_int_equal(count_status(result, STATUS_OK) + lost, result->n_rows);
  for (size_t i = 0; i < result->n_rows; i++)
    if (result->rows[i].status == STATUS_OK) assert_int_equal(result->rows[i].time.rounds, 5);
  assert_string_equal(result->run.unfinished, "");
  result_free(result);
  assert_true(file_exists(named(".samples.json")));
  static const char *const gone[] = {".journal", ".partial.json", ".partial.samples.json", ".2.json",
                                     ".2.samples.json"};
  for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
    if (file_exists(named(gone[i]))) fail_msg("%s is left", named(gone[i]));
}

static int clean(void **state) {
  (void)state;
  char command[256];
  snprintf(command, sizeof command, "rm -rf '%s' '%s'", out, log_path);
  options = (struct run_options){.suite = suite_path, .out = out, .seed = 1};
  unsetenv("FAKE_FAST");
  unsetenv("FAKE_ESTIMATE");
  fake_set(log_path, 0, NULL);
  return system(command);
}

static size_t jobs_of_a_whole_run(void) {
  clean(NULL);
  assert_int_equal(run(false), ERROR_NONE);
  is_whole(0);
  return fake_jobs(log_path);
}

/* ---- tests */

/* The rule: a killed parent costs nothing. At most the job that was being done is done again, no answer that is in the
 * journal is ever asked for anew. */
static void a_parent_killed_at_any_job_loses_and_repeats_nothing(void **state) {
  (void)state;
  static const char *const deeds[] = {"kill parent", "answer and kill parent"};
  size_t whole = jobs_of_a_whole_run();
  for (int at = 1; at <= (int)whole; at += 6) {
    clean(NULL);
    fake_set(log_path, at, deeds[at / 6 % 2]);
    assert_int_equal(run(false), KILLED);
    fake_set(log_path, 0, NULL);
    assert_int_equal(run(true), ERROR_NONE);
    is_whole(0);
    assert_in_range(fake_jobs(log_path), whole, whole + 1);
  }
}

/* The rule: a killed worker costs one row, as `lost`, and the run goes on. */
static void a_worker_killed_at_any_sample_costs_one_row(void **state) {
  (void)state;
  size_t whole = jobs_of_a_whole_run(), before = whole - fake_jobs_of(log_path, "\"sample\"");
  for (int at = (int)before + 1; at <= (int)whole; at += 7) {
    clean(NULL);
    fake_set(log_path, at, "die");
    assert_int_equal(run(false), ERROR_NONE);
    is_whole(1);
  }
}

static void an_interrupt_writes_a_partial_result_that_resume_makes_whole(void **state) {
  (void)state;
  size_t whole = jobs_of_a_whole_run();
  clean(NULL);
  fake_set(log_path, (int)whole - 3, "interrupt parent");   /* in the last round */
  assert_int_equal(run(false), ERROR_INTERRUPTED);
  assert_true(said("--resume"));
  assert_false(file_exists(named(".json")));
  struct result *partial = read_result(".partial.json");
  assert_string_equal(partial->run.unfinished, "interrupted");
  assert_true(count_status(partial, STATUS_NOISY) > 0);
  result_free(partial);
  fake_set(log_path, 0, NULL);
  assert_int_equal(run(true), ERROR_NONE);
  is_whole(0);
}

static void a_new_run_keeps_the_unfinished_one(void **state) {
  (void)state;
  fake_set(log_path, 8, "interrupt parent");
  assert_int_equal(run(false), ERROR_INTERRUPTED);
  fake_set(log_path, 0, NULL);
  assert_int_equal(run(false), ERROR_NONE);
  assert_true(said(".journal.old"));
  is_whole(0);
  assert_true(file_exists(named(".journal.old")) && file_exists(named(".partial.json.old")));
}

static void resume_with_nothing_to_go_on_with(void **state) {
  (void)state;
  assert_int_equal(run(true), ERROR_NONE);   /* cut off before it had a journal: nothing is lost */
  is_whole(0);
  assert_int_equal(run(true), ERROR_INPUT);  /* finished: measuring again is not what was asked */
  assert_true(said("leave out --resume"));
}

/* The journal as a power cut may leave it: `cut` bytes gone from its end, `more` after that. */
static int resume_damaged(size_t cut, const char *more) {
  clean(NULL);
  fake_set(log_path, 12, "kill parent");
  assert_int_equal(run(false), KILLED);
  fake_set(log_path, 0, NULL);
  FILE *file = fopen(named(".journal"), "a");
  assert_non_null(file);
  assert_int_equal(truncate(named(".journal"), ftell(file) - (long)cut), 0);
  fputs(more, file);
  fclose(file);
  return run(true);
}

static void a_torn_journal_goes_on(void **state) {
  (void)state;
  static const struct { size_t cut; const char *more; } torn[] = {
    {1, ""}, {40, ""}, {0, "{\"key\": \"verify"}, {0, "{\"key\": \"pro\xc3"}, {0, "{\"key\": \"\xf0\x9f\x98"},
  };
  for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
    assert_int_equal(resume_damaged(torn[i].cut, torn[i].more), ERROR_NONE);
    is_whole(0);
  }
  assert_int_equal(resume_damaged(1, "\xf0\x9f\n"), ERROR_INPUT);   /* whole lines are no accident */
  assert_true(said("without --resume"));
}

static void replace_journal(const char *text) {
  struct error err = {0};
  assert_true(file_write(named(".journal"), text, strlen(text), true, &err));
}

static void a_journal_of_something_else_is_refused(void **state) {
  (void)state;
  fake_set(log_path, 12, "kill parent");
  assert_int_equal(run(false), KILLED);
  fake_set(log_path, 0, NULL);
  options.seed = 2;
  assert_int_equal(run(true), ERROR_INPUT);
  assert_true(said("another seed"));
  options.seed = 1;
  replace_journal("{\"schema\": \"vkpareto.journal/2\"}\n");
  assert_int_equal(run(true), ERROR_INPUT);
  assert_true(said("newer"));
  replace_journal("{\"schema\": \"vkpareto.result/1\"}\n");
  assert_int_equal(run(true), ERROR_INPUT);
  replace_journal("");   /* cut off before its first line */
  assert_int_equal(run(true), ERROR_NONE);
  is_whole(0);
}

static void a_disk_that_fills_up_keeps_what_is_there(void **state) {
  (void)state;
  size_t whole = jobs_of_a_whole_run();
  clean(NULL);
  setenv("FAKE_JOURNAL", named(".journal"), 1);
  fake_set(log_path, 15, "full disk");
  assert_int_equal(run(false), ERROR_INPUT);
  assert_true(said("--resume goes on") && said("ulimit"));
  assert_false(file_exists(named(".json")));
  fake_set(log_path, 0, NULL);
  assert_int_equal(run(true), ERROR_NONE);
  is_whole(0);
  assert_in_range(fake_jobs(log_path), whole, whole + 1);
}

static void a_folder_that_cannot_be_written_to_is_refused_before_measuring(void **state) {
  (void)state;
  options.out = "/proc";
  assert_int_equal(run(false), ERROR_INPUT);
  assert_int_equal(fake_jobs(log_path), 0);
}

static void a_budget_skips_what_is_left(void **state) {
  (void)state;
  options.budget_s = 2;   /* half of it may pass before the rounds */
  fake_set(log_path, 6, "slow");   /* while verifying */
  assert_int_equal(run(false), ERROR_NONE);
  struct result *result = read_result(".json");
  assert_int_equal(count_status(result, STATUS_SKIPPED), result->n_rows);
  for (size_t i = 0; i < result->n_rows; i++) assert_string_equal(result->rows[i].reason, "budget");
  result_free(result);
  assert_in_range(fake_jobs(log_path), 1, 6 + 1);   /* after that, only what a submission costs is asked */
}

/* What was measured is measured, however little time the rest is given. */
static void a_budget_drops_nothing_that_the_journal_has(void **state) {
  (void)state;
  size_t whole = jobs_of_a_whole_run();
  clean(NULL);
  setenv("FAKE_ESTIMATE", "1000", 1);
  fake_set(log_path, (int)whole, "kill parent");
  assert_int_equal(run(false), KILLED);
  fake_set(log_path, 0, NULL);
  options.budget_s = 30;
  assert_int_equal(run(true), ERROR_NONE);
  is_whole(0);
}

static void a_device_that_disappears_ends_the_run_and_keeps_it(void **state) {
  (void)state;
  fake_set(log_path, 20, "other device");
  assert_int_equal(run(false), ERROR_NO_DEVICE);
  assert_true(said("has gone"));
  assert_false(file_exists(named(".json")));
  struct result *partial = read_result(".partial.json");
  assert_non_null(strstr(partial->run.unfinished, "has gone"));
  result_free(partial);
  fake_set(log_path, 0, NULL);
  assert_int_equal(run(true), ERROR_NONE);
  is_whole(1);   /* that which the worker died of */
}

static void an_interrupt_while_the_ceilings_are_measured_again(void **state) {
  (void)state;
  setenv("FAKE_FAST", "1", 1);   /* rows that pass their ceiling by far */
  assert_int_equal(run(false), ERROR_NONE);
  struct result *result = read_result(".json");
  size_t over = count_status(result, STATUS_IMPLAUSIBLE);
  assert_true(over > 0);
  result_free(result);
  size_t whole = fake_jobs(log_path);
  clean(NULL);
  setenv("FAKE_FAST", "1", 1);
  fake_set(log_path, (int)whole - 1, "interrupt parent");
  assert_int_equal(run(false), ERROR_INTERRUPTED);
  struct result *partial = read_result(".partial.json");
  assert_int_equal(count_status(partial, STATUS_IMPLAUSIBLE), 0);   /* not proved to be */
  assert_int_equal(count_status(partial, STATUS_NOISY), over);
  result_free(partial);
}

/* What is done on GPUs alone. */
static void a_gpu_shows_its_cache_and_what_lasts(void **state) {
  (void)state;
  setenv("FAKE_CAPS", SOURCE_DIR "/tests/plan/caps/desktop.json", 1);
  setenv("FAKE_LLC", "33554432", 1);
  assert_int_equal(run(false), ERROR_NONE);
  unsetenv("FAKE_LLC");
  char path[256];
  struct error err = {0};
  snprintf(path, sizeof path, "%s/" DESKTOP "-tiny.json", out);
  struct result *result = result_read(path, &err);
  if (!result) fail_msg("%s", err.text);
  assert_int_equal(result->caps.llc_bytes, 33554432);
  assert_string_equal(result->llc_source, "sweep");
  assert_true(fake_jobs_of(log_path, "\"llc_bytes\"") > 4 * 5);   /* every row is told, each round */
  assert_non_null(strstr(result->drift.row, "ceilings/"));
  assert_true(result->drift.short_ns > 0 && result->drift.short_ns == result->drift.sustained_ns);
  assert_int_equal(result->drift.rounds, 5);
  assert_int_equal(result->drift.drifted, 0);
  result_free(result);
}

static void two_runs_at_once_are_refused(void **state) {
  (void)state;
  char first[64];
  snprintf(first, sizeof first, "%s/first", folder);
  options.out = first;
  fake_set(log_path, 8, "hang");
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) _exit(run(false));
  for (int ms = 0; fake_jobs(log_path) < 8 && ms < 60000; ms++) usleep(1000);
  fake_set(log_path, 0, NULL);
  options.out = out;   /* another folder, the same device */
  assert_int_equal(run(false), ERROR_INPUT);
  assert_true(said("in use by another vkpareto") && said("kill"));
  char children[64], text[32] = "";
  snprintf(children, sizeof children, "/proc/%d/task/%d/children", (int)pid, (int)pid);
  FILE *file = fopen(children, "r");
  assert_true(file && fgets(text, sizeof text, file));
  fclose(file);
  assert_true(said(strtok(text, " ")));   /* the process that has it */
  kill((pid_t)atoi(text), SIGKILL);
  waitpid(pid, NULL, 0);
  assert_int_equal(run(false), ERROR_NONE);   /* the lock died with it */
}

/* /tmp is everybody's. */
static void a_lock_that_is_a_link_is_not_followed(void **state) {
  (void)state;
  char victim[64], command[512];
  struct error err = {0};
  snprintf(victim, sizeof victim, "%s/victim", folder);
  snprintf(command, sizeof command, "for f in '%s'/*.lock; do ln -sf victim \"$f\"; done", folder);
  assert_int_equal(run(false), ERROR_NONE);   /* makes the lock's file */
  assert_true(file_write(victim, "precious", 8, true, &err));
  assert_int_equal(system(command), 0);
  clean(NULL);
  assert_int_equal(run(false), ERROR_NONE);
  assert_true(said("cannot be locked"));
  char *text = file_read(victim, 100, NULL, &err);
  assert_string_equal(text, "precious");
  free(text);
  snprintf(command, sizeof command, "rm '%s'/*.lock", folder);
  assert_int_equal(system(command), 0);
}

/* ---- */

static int prepare(void **state) {
  (void)state;
  struct error err = {0};
  if (!mkdtemp(folder)) return -1;
  snprintf(out, sizeof out, "%s/out", folder);
  snprintf(log_path, sizeof log_path, "%s/jobs", folder);
  snprintf(said_path, sizeof said_path, "%s/said", folder);
  snprintf(suite_path, sizeof suite_path, "%s/suite.json", folder);
  setenv("VKPARETO_LOCKS", folder, 1);   /* where devices are locked */
  clean(NULL);
  cJSON *json = json_parse_file(getenv("FAKE_CAPS"), 1 << 20, &err);
  static struct caps caps;
  bool ok = json && caps_from_json(json, &caps, &err);
  cJSON_Delete(json);
  snprintf(stem, sizeof stem, "%s/%s/%s-tiny", out, caps.slug, caps.driver_slug);
  return ok && file_write(suite_path, SUITE, strlen(SUITE), true, &err) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

int main(int argc, char **argv) {
  platform_begin();
  if (argc > 1 && strcmp(argv[1], "worker") == 0) return fake_worker();
  log_set_level(LOG_NORMAL);
#define TEST(f) cmocka_unit_test_setup(f, clean)
  const struct CMUnitTest tests[] = {
    TEST(a_parent_killed_at_any_job_loses_and_repeats_nothing),
    TEST(a_worker_killed_at_any_sample_costs_one_row),
    TEST(an_interrupt_writes_a_partial_result_that_resume_makes_whole),
    TEST(a_new_run_keeps_the_unfinished_one),
    TEST(resume_with_nothing_to_go_on_with),
    TEST(a_torn_journal_goes_on),
    TEST(a_journal_of_something_else_is_refused),
    TEST(a_disk_that_fills_up_keeps_what_is_there),
    TEST(a_folder_that_cannot_be_written_to_is_refused_before_measuring),
    TEST(a_budget_skips_what_is_left),
    TEST(a_budget_drops_nothing_that_the_journal_has),
    TEST(a_device_that_disappears_ends_the_run_and_keeps_it),
    TEST(an_interrupt_while_the_ceilings_are_measured_again),
    TEST(a_gpu_shows_its_cache_and_what_lasts),
    TEST(two_runs_at_once_are_refused),
    TEST(a_lock_that_is_a_link_is_not_followed),
  };
  return cmocka_run_group_tests(tests, prepare, remove_folder);
}
