/* Whole runs against a worker without a device, this program again: worker, budget, folder and lock fail at chosen
 * moments. */
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
#include "log.h"
#include "platform.h"
#include "trial.h"

#define DESKTOP "desktop/desktop-driver"   /* device and driver of tests/plan/caps/desktop.json */

/* The rule: a killed worker costs one row, as `lost`, and the run goes on. */
static void a_worker_killed_at_any_sample_costs_one_row(void **state) {
  (void)state;
  size_t whole = trial_jobs_of_a_whole_run(), before = whole - fake_jobs_of(trial_log, "\"sample\"");
  for (int at = (int)before + 1; at <= (int)whole; at += 7) {
    trial_clean(NULL);
    fake_set(trial_log, at, "die");
    assert_int_equal(trial_run(false), ERROR_NONE);
    trial_is_whole(1);
  }
}

static void a_folder_that_cannot_be_written_to_is_refused_before_measuring(void **state) {
  (void)state;
  trial_options.out = "/proc";
  assert_int_equal(trial_run(false), ERROR_INPUT);
  assert_int_equal(fake_jobs(trial_log), 0);
}

static void a_budget_skips_what_is_left(void **state) {
  (void)state;
  trial_options.budget_s = 2;   /* half of it may pass before the rounds */
  fake_set(trial_log, 6, "slow");   /* while verifying */
  assert_int_equal(trial_run(false), ERROR_NONE);
  struct result *result = trial_result(".json");
  assert_int_equal(trial_count(result, STATUS_SKIPPED), result->n_rows);
  for (size_t i = 0; i < result->n_rows; i++) assert_string_equal(result->rows[i].reason, "budget");
  result_free(result);
  assert_in_range(fake_jobs(trial_log), 1, 6 + 3);   /* after that, what a submission and a copy each way cost */
  assert_int_equal(fake_jobs_of(trial_log, "\"sample\""), 0);
}

static void a_device_that_disappears_ends_the_run_and_keeps_it(void **state) {
  (void)state;
  fake_set(trial_log, 20, "other device");
  assert_int_equal(trial_run(false), ERROR_NO_DEVICE);
  assert_true(trial_said("has gone"));
  assert_false(file_exists(trial_named(".json")));
  struct result *partial = trial_result(".partial.json");
  assert_non_null(strstr(partial->run.unfinished, "has gone"));
  result_free(partial);
  fake_set(trial_log, 0, NULL);
  assert_int_equal(trial_run(true), ERROR_NONE);
  trial_is_whole(1);   /* that which the worker died of */
}

static void an_interrupt_while_the_ceilings_are_measured_again(void **state) {
  (void)state;
  setenv("FAKE_FAST", "1", 1);   /* rows that pass their ceiling by far */
  assert_int_equal(trial_run(false), ERROR_NONE);
  struct result *result = trial_result(".json");
  size_t over = trial_count(result, STATUS_IMPLAUSIBLE);
  assert_true(over > 0);
  result_free(result);
  size_t whole = fake_jobs(trial_log);
  trial_clean(NULL);
  setenv("FAKE_FAST", "1", 1);
  fake_set(trial_log, (int)whole - 1, "interrupt parent");
  assert_int_equal(trial_run(false), ERROR_INTERRUPTED);
  struct result *partial = trial_result(".partial.json");
  assert_int_equal(trial_count(partial, STATUS_IMPLAUSIBLE), 0);   /* not proved to be */
  assert_int_equal(trial_count(partial, STATUS_NOISY), over);
  result_free(partial);
}

/* What is done on GPUs alone. */
static void a_gpu_shows_its_cache_and_what_lasts(void **state) {
  (void)state;
  setenv("FAKE_CAPS", SOURCE_DIR "/tests/plan/caps/desktop.json", 1);
  setenv("FAKE_LLC", "33554432", 1);
  assert_int_equal(trial_run(false), ERROR_NONE);
  unsetenv("FAKE_LLC");
  char path[256];
  struct error err = {0};
  snprintf(path, sizeof path, "%s/" DESKTOP "-tiny.json", trial_out);
  struct result *result = result_read(path, &err);
  if (!result) fail_msg("%s", err.text);
  assert_int_equal(result->caps.llc_bytes, 33554432);
  assert_string_equal(result->llc_source, "sweep");
  assert_true(fake_jobs_of(trial_log, "\"llc_bytes\"") > 4 * 5);   /* every row is told, each round */
  assert_non_null(strstr(result->drift.row, "ceilings/"));
  assert_true(result->drift.short_ns > 0 && result->drift.short_ns == result->drift.sustained_ns);
  assert_int_equal(result->drift.rounds, 5);
  assert_int_equal(result->drift.drifted, 0);
  assert_int_equal(result->ceilings.n_lasting, 1);
  assert_string_equal(result->ceilings.lasting[0].kind, "read_memory");
  assert_true(result->ceilings.lasting[0].short_ns > 0 && result_lasts(&result->ceilings.lasting[0]));
  result_free(result);
}

static void a_gpu_that_tires_is_named(void **state) {
  (void)state;
  setenv("FAKE_CAPS", SOURCE_DIR "/tests/plan/caps/desktop.json", 1);
  setenv("FAKE_TIRES", "1", 1);
  assert_int_equal(trial_run(false), ERROR_NONE);
  unsetenv("FAKE_TIRES");
  assert_true(trial_said("the device throttles: its ceiling read_memory takes 50 % longer"));
  char path[256];
  struct error err = {0};
  snprintf(path, sizeof path, "%s/" DESKTOP "-tiny.json", trial_out);
  struct result *result = result_read(path, &err);
  if (!result) fail_msg("%s", err.text);
  assert_int_equal(result->ceilings.n_lasting, 1);
  assert_false(result_lasts(&result->ceilings.lasting[0]));
  assert_true(result_throttles(&result->drift));
  size_t n;
  char *text = file_read(path, 1 << 20, &n, &err);
  assert_non_null(strstr(text, "\"verdict\": \"throttling\""));
  free(text);
  result_free(result);
}

/* All is there, but whoever interrupted wants no next device. */
static void an_interrupt_at_the_very_end_is_heard(void **state) {
  (void)state;
  fake_set(trial_log, 1000000, "interrupt when stopped");
  assert_int_equal(trial_run(false), ERROR_INTERRUPTED);
  trial_is_whole(0);
}

static void two_runs_at_once_are_refused(void **state) {
  (void)state;
  char first[64], holder[32];
  snprintf(first, sizeof first, "%s/first", trial_folder);
  trial_options.out = first;
  fake_set(trial_log, 8, "hang");
  pid_t pid = (pid_t)trial_start(false);
  while (fake_jobs(trial_log) < 8 && waitpid(pid, NULL, WNOHANG) == 0) usleep(1000);
  fake_set(trial_log, 0, NULL);
  trial_options.out = trial_out;   /* another folder, the same device */
  assert_int_equal(trial_run(false), ERROR_INPUT);
  assert_true(trial_said("in use by another vkpareto") && trial_said("kill"));
  snprintf(holder, sizeof holder, "process %ld,", (long)pid);
  assert_true(trial_said(holder));
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  assert_int_equal(trial_run(false), ERROR_NONE);   /* the lock died with it */
}

/* /tmp is everybody's. */
static void a_lock_that_is_a_link_is_not_followed(void **state) {
  (void)state;
  char victim[64], command[512];
  struct error err = {0};
  snprintf(victim, sizeof victim, "%s/victim", trial_folder);
  snprintf(command, sizeof command, "for f in '%s'/*.lock; do ln -sf victim \"$f\"; done", trial_folder);
  assert_int_equal(trial_run(false), ERROR_NONE);   /* makes the lock's file */
  assert_true(file_write(victim, "precious", 8, true, &err));
  assert_int_equal(system(command), 0);
  trial_clean(NULL);
  assert_int_equal(trial_run(false), ERROR_NONE);
  assert_true(trial_said("cannot be locked"));
  char *text = file_read(victim, 100, NULL, &err);
  assert_string_equal(text, "precious");
  free(text);
  snprintf(command, sizeof command, "rm '%s'/*.lock", trial_folder);
  assert_int_equal(system(command), 0);
}

int main(int argc, char **argv) {
  platform_begin();
  if (argc > 1 && strcmp(argv[1], "worker") == 0) return fake_worker();
  log_set_level(LOG_NORMAL);
#define TEST(f) cmocka_unit_test_setup(f, trial_clean)
  const struct CMUnitTest tests[] = {
    TEST(a_worker_killed_at_any_sample_costs_one_row),
    TEST(a_folder_that_cannot_be_written_to_is_refused_before_measuring),
    TEST(a_budget_skips_what_is_left),
    TEST(a_device_that_disappears_ends_the_run_and_keeps_it),
    TEST(an_interrupt_while_the_ceilings_are_measured_again),
    TEST(a_gpu_shows_its_cache_and_what_lasts),
    TEST(a_gpu_that_tires_is_named),
    TEST(an_interrupt_at_the_very_end_is_heard),
    TEST(two_runs_at_once_are_refused),
    TEST(a_lock_that_is_a_link_is_not_followed),
  };
  return cmocka_run_group_tests(tests, trial_begin, trial_end);
}
