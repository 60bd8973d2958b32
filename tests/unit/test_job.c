#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "job.h"

static bool take(const char *text, struct job *job, struct error *err) {
  cJSON *json = json_parse(text, strlen(text), err);
  if (!json) fail_msg("%s", err->text);
  bool taken = job_from_json(json, job, err);
  cJSON_Delete(json);
  return taken;
}

#define JOB(tuning, dim)                                                                                               \
  "{\"job\": \"sample\", \"samples\": 3, \"variant\": \"matmul.f32.gemv\", \"tuning\": " tuning                        \
  ", \"mode\": \"cold\", \"dim\": " dim "}"

static void a_job_is_read(void **state) {
  (void)state;
  struct job job;
  struct error err = {0};
  assert_true(take(JOB("[64, 4]", "[1, 576, 1536]"), &job, &err));
  assert_int_equal(job.kind, JOB_SAMPLE);
  assert_int_equal(job.tuning[1], 4);
  assert_int_equal(job.kase.dim[2], 1536);
}

static void shapes_and_tunings_that_no_kernel_has_are_refused(void **state) {
  (void)state;
  static const struct { const char *text, *what; } bad[] = {
    {JOB("[64, 4]", "[0, 576, 1536]"), "'m'"},
    {JOB("[64, 4]", "[1, 576, -1]"), "'k'"},
    {JOB("[64, 4]", "[1, 576, 1e300]"), "'k'"},
    {JOB("[64, 4]", "[1, 1.5, 1536]"), "'n'"},
    {JOB("[64, 4]", "[1, \"576\", 1536]"), "'n'"},
    {JOB("[64, 4]", "[1, 576]"), "2 dimensions"},
    {JOB("[64, 0]", "[1, 576, 1536]"), "'rows'"},
    {JOB("[\"64\", 4]", "[1, 576, 1536]"), "'threads'"},
    {JOB("[1e300, 4]", "[1, 576, 1536]"), "'threads'"},
    {JOB("[64]", "[1, 576, 1536]"), "2 tunables"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct job job;
    struct error err = {0};
    if (take(bad[i].text, &job, &err)) fail_msg("taken: %s", bad[i].text);
    assert_int_equal(err.kind, ERROR_INPUT);
    if (!strstr(err.text, bad[i].what)) fail_msg("'%s' does not say %s", err.text, bad[i].what);
  }
}

static void statistics_without_names_are_refused(void **state) {
  (void)state;
  static struct answer answer;   /* large */
  static const char text[] = "{\"status\": \"ok\", \"ns\": [], \"host_ns\": [], \"statistics\": [1, 2]}";
  struct error err = {0};
  cJSON *json = json_parse(text, sizeof text - 1, &err);
  assert_false(answer_from_json(json, &answer, &err));
  assert_non_null(strstr(err.text, "'statistics'"));
  cJSON_Delete(json);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_job_is_read),
    cmocka_unit_test(statistics_without_names_are_refused),
    cmocka_unit_test(shapes_and_tunings_that_no_kernel_has_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
