/* The parent's side of the worker, against workers that die, hang and lie: this program again, started as a worker. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "fake_worker.h"
#include "gpu.h"
#include "platform.h"

static char log_path[] = "/tmp/test_client_XXXXXX";
static const struct job SUBMIT = {.kind = JOB_SUBMIT, .samples = 3};
static struct interrupt interrupt = {.handle = -1};
static struct client client;
static struct answer answer;
static struct error err;

static int fresh_log(void **state) {
  (void)state;
  err = (struct error){0};
  return truncate(log_path, 0);
}

static int stop(void **state) {
  (void)state;
  client_stop(&client);
  return 0;
}

static void start_with(int at, const char *deed) {
  fake_set(log_path, at, deed);
  if (!client_start(&client, 0, NULL, false, &interrupt, &err)) fail_msg("%s", err.text);
}

static void ask(double seconds) {
  if (!client_ask(&client, &SUBMIT, seconds, &answer, &err)) fail_msg("%s", err.text);
}

/* The first question gets `status` with a reason that says `says`; the second is answered by another worker. */
static void costs_one_answer(const char *deed, double seconds, enum status status, const char *says) {
  start_with(1, deed);
  long first = client.process.id;
  ask(seconds);
  if (answer.status != status || !strstr(answer.reason, says))
    fail_msg("%s: %s, '%s'", deed, status_names[answer.status], answer.reason);
  assert_int_equal(answer.n_samples, 0);
  ask(60);
  assert_int_equal(answer.status, STATUS_OK);
  assert_int_equal(answer.n_samples, 3);
  assert_int_not_equal(client.process.id, first);
  client_stop(&client);
  fresh_log(NULL);
}

static void one_worker_answers_all(void **state) {
  (void)state;
  start_with(0, NULL);
  long first = client.process.id;
  for (int i = 0; i < 5; i++) {
    ask(60);
    assert_int_equal(answer.status, STATUS_OK);
  }
  assert_int_equal(client.process.id, first);
  assert_int_equal(fake_jobs(log_path), 5);
}

static void no_interrupt_is_dropped(void **state) {
  (void)state;
  struct interrupt late, none;
  interrupt_begin(&none);
  assert_true(interrupt_end(&none, true, &err));
  interrupt_begin(&late);
  raise(SIGINT);
  assert_false(interrupt_end(&late, true, &err));
  assert_int_equal(err.kind, ERROR_INTERRUPTED);
  interrupt_begin(&late);
  raise(SIGTERM);
  error_set(&err, ERROR_INPUT, "the disk is full");
  assert_false(interrupt_end(&late, false, &err));
  assert_int_equal(err.kind, ERROR_INTERRUPTED);
  assert_string_equal(err.text, "the disk is full");
}

static void a_death_costs_one_answer(void **state) {
  (void)state;
  costs_one_answer("die", 60, STATUS_LOST, "signal 9");
}

static void a_hang_costs_one_answer(void **state) {
  (void)state;
  costs_one_answer("hang", 0.2, STATUS_TIMEOUT, "no answer within");
}

static void nonsense_costs_one_answer(void **state) {
  (void)state;
  static const char *const deeds[][2] = {
    {"wrong types", "'status'"}, {"negative time", "'ns'"},     {"no time", "0 samples"},
    {"NaN", "column"},           {"another question", "another question"}, {"two answers", "after the end"},
    {"no JSON", "column"},       {"long line", "bytes"},
  };
  for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
    costs_one_answer(deeds[i][0], 60, STATUS_LOST, deeds[i][1]);
}

/* Between two questions it is nobody's fault: the next one is asked of another worker. */
static void a_death_between_questions_costs_nothing(void **state) {
  (void)state;
  start_with(0, NULL);
  ask(60);
  platform_kill(&client.process);
  platform_wait(client.process.channel, -1, 60);
  ask(60);
  assert_int_equal(answer.status, STATUS_OK);
  assert_int_equal(fake_jobs(log_path), 2);
}

static void refuses_start(int at, const char *deed, const char *uuid, enum error_kind kind, const char *says) {
  fake_set(log_path, at, deed);
  assert_false(client_start(&client, 0, uuid, false, &interrupt, &err));
  if (err.kind != kind || !strstr(err.text, says)) fail_msg("%d: %s", err.kind, err.text);
  client_stop(&client);
  err = (struct error){0};
}

static void a_start_that_fails_is_an_error(void **state) {
  (void)state;
  refuses_start(0, "die", NULL, ERROR_LOST, "signal 9");
  refuses_start(0, "no JSON", NULL, ERROR_LOST, "nonsense");
  refuses_start(0, "wrong types", NULL, ERROR_INPUT, "");
}

static void another_device_than_the_chosen_one_is_refused(void **state) {
  (void)state;
  refuses_start(-1, NULL, "00000000000000000000000000000bad", ERROR_NO_DEVICE, "has gone");
}

static void a_device_that_disappears_is_not_replaced_by_another(void **state) {
  (void)state;
  start_with(2, "other device");
  ask(60);
  assert_int_equal(answer.status, STATUS_OK);
  ask(60);
  assert_int_equal(answer.status, STATUS_LOST);
  assert_false(client_ask(&client, &SUBMIT, 60, &answer, &err));
  assert_int_equal(err.kind, ERROR_NO_DEVICE);
  assert_non_null(strstr(err.text, "--resume"));
  assert_int_equal(fake_jobs(log_path), 2);   /* the other device was asked nothing */
}

static void a_driver_that_crashes_when_listed_is_an_error(void **state) {
  (void)state;
  static struct caps devices[GPU_MAX_DEVICES];
  size_t n;
  fake_set(log_path, 0, "die");
  assert_false(client_devices(devices, GPU_MAX_DEVICES, &n, &err));
  assert_non_null(strstr(err.text, "signal 9"));
  assert_non_null(strstr(err.text, "VK_DRIVER_FILES"));
  err = (struct error){0};
  fake_set(log_path, 0, "wrong types");
  assert_false(client_devices(devices, GPU_MAX_DEVICES, &n, &err));
  assert_int_equal(n, 0);
}

int main(int argc, char **argv) {
  platform_begin();
  if (argc > 1 && strcmp(argv[1], "worker") == 0) return fake_worker();
  close(mkstemp(log_path));
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_log, stop)
  const struct CMUnitTest tests[] = {
    TEST(one_worker_answers_all),
    TEST(no_interrupt_is_dropped),
    TEST(a_death_costs_one_answer),
    TEST(a_hang_costs_one_answer),
    TEST(nonsense_costs_one_answer),
    TEST(a_death_between_questions_costs_nothing),
    TEST(a_start_that_fails_is_an_error),
    TEST(another_device_than_the_chosen_one_is_refused),
    TEST(a_device_that_disappears_is_not_replaced_by_another),
    TEST(a_driver_that_crashes_when_listed_is_an_error),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  unlink(log_path);
  return failed;
}
