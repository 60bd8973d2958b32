/* Runs that are cut off and go on: what is asked is counted, parent and disk fail at chosen moments. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_worker.h"
#include "file.h"
#include "log.h"
#include "platform.h"
#include "trial.h"

/* The rule: a killed parent costs nothing. At most the job that was being done is done again, no answer that is in the
 * journal is ever asked for anew. */
static void a_parent_killed_at_any_job_loses_and_repeats_nothing(void **state) {
  (void)state;
  static const char *const deeds[] = {"kill parent", "answer and kill parent"};
  size_t whole = trial_jobs_of_a_whole_run();
  for (int at = 1; at <= (int)whole; at += 6) {
    trial_clean(NULL);
    fake_set(trial_log, at, deeds[at / 6 % 2]);
    assert_int_equal(trial_run(false), TRIAL_KILLED);
    fake_set(trial_log, 0, NULL);
    assert_int_equal(trial_run(true), ERROR_NONE);
    trial_is_whole(0);
    assert_in_range(fake_jobs(trial_log), whole, whole + 1);
  }
}

static void an_interrupt_writes_a_partial_result_that_resume_makes_whole(void **state) {
  (void)state;
  size_t whole = trial_jobs_of_a_whole_run();
  trial_clean(NULL);
  fake_set(trial_log, (int)whole - 3, "interrupt parent");   /* in the last round */
  assert_int_equal(trial_run(false), ERROR_INTERRUPTED);
  assert_true(trial_said("--resume"));
  assert_false(file_exists(trial_named(".json")));
  struct result *partial = trial_result(".partial.json");
  assert_string_equal(partial->run.unfinished, "interrupted");
  assert_true(trial_count(partial, STATUS_NOISY) > 0);
  result_free(partial);
  fake_set(trial_log, 0, NULL);
  assert_int_equal(trial_run(true), ERROR_NONE);
  trial_is_whole(0);
}

static void every_unfinished_run_is_kept(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    fake_set(trial_log, 8 * (i + 1), "interrupt parent");
    assert_int_equal(trial_run(false), ERROR_INTERRUPTED);
  }
  fake_set(trial_log, 0, NULL);
  assert_int_equal(trial_run(false), ERROR_NONE);
  assert_true(trial_said(".journal.old.2"));
  trial_is_whole(0);
  static const char *const kept[] = {".journal.old", ".partial.json.old", ".partial.samples.json.old",
                                     ".journal.old.2", ".partial.json.old.2", ".partial.samples.json.old.2"};
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
    if (!file_exists(trial_named(kept[i]))) fail_msg("%s is gone", trial_named(kept[i]));
}

static void resume_with_nothing_to_go_on_with(void **state) {
  (void)state;
  assert_int_equal(trial_run(true), ERROR_NONE);   /* cut off before it had a journal: nothing is lost */
  trial_is_whole(0);
  assert_int_equal(trial_run(true), ERROR_INPUT);  /* finished: measuring again is not what was asked */
  assert_true(trial_said("leave out --resume"));
}

static void of_several_devices_one_that_is_done_needs_nothing(void **state) {
  (void)state;
  size_t whole = trial_jobs_of_a_whole_run();
  char told[500];
  snprintf(told, sizeof told, "\n%s\n", trial_named(".json"));
  trial_options.several = true;
  assert_int_equal(trial_run(true), ERROR_NONE);
  assert_true(trial_said("already whole") && trial_said(told));
  trial_is_whole(0);
  assert_int_equal(fake_jobs(trial_log), whole);
  trial_options.seed = 2;   /* that one was not done */
  assert_int_equal(trial_run(true), ERROR_INPUT);
}

/* The journal as a power cut may leave it: `cut` bytes gone from its end, `more` after that. */
static int resume_damaged(size_t cut, const char *more) {
  trial_clean(NULL);
  fake_set(trial_log, 12, "kill parent");
  assert_int_equal(trial_run(false), TRIAL_KILLED);
  fake_set(trial_log, 0, NULL);
  FILE *file = fopen(trial_named(".journal"), "a");
  assert_non_null(file);
  assert_int_equal(truncate(trial_named(".journal"), ftell(file) - (long)cut), 0);
  fputs(more, file);
  fclose(file);
  return trial_run(true);
}

static void a_torn_journal_goes_on(void **state) {
  (void)state;
  static const struct { size_t cut; const char *more; } torn[] = {
    {1, ""}, {40, ""}, {0, "{\"key\": \"verify"}, {0, "{\"key\": \"pro\xc3"}, {0, "{\"key\": \"\xf0\x9f\x98"},
  };
  for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
    assert_int_equal(resume_damaged(torn[i].cut, torn[i].more), ERROR_NONE);
    trial_is_whole(0);
  }
  assert_int_equal(resume_damaged(1, "\xf0\x9f\n"), ERROR_INPUT);   /* whole lines are no accident */
  assert_true(trial_said("without --resume"));
}

static void replace_journal(const char *text) {
  struct error err = {0};
  assert_true(file_write(trial_named(".journal"), text, strlen(text), true, &err));
}

static void a_journal_of_something_else_is_refused(void **state) {
  (void)state;
  fake_set(trial_log, 12, "kill parent");
  assert_int_equal(trial_run(false), TRIAL_KILLED);
  fake_set(trial_log, 0, NULL);
  trial_options.seed = 2;
  assert_int_equal(trial_run(true), ERROR_INPUT);
  assert_true(trial_said("another seed"));
  trial_options.seed = 1;
  replace_journal("{\"schema\": \"vkpareto.journal/2\"}\n");
  assert_int_equal(trial_run(true), ERROR_INPUT);
  assert_true(trial_said("newer"));
  replace_journal("{\"schema\": \"vkpareto.result/1\"}\n");
  assert_int_equal(trial_run(true), ERROR_INPUT);
  replace_journal("");   /* cut off before its first line */
  assert_int_equal(trial_run(true), ERROR_NONE);
  trial_is_whole(0);
}

static void a_disk_that_fills_up_keeps_what_is_there(void **state) {
  (void)state;
  size_t whole = trial_jobs_of_a_whole_run();
  trial_clean(NULL);
  setenv("FAKE_JOURNAL", trial_named(".journal"), 1);
  fake_set(trial_log, 15, "full disk");
  assert_int_equal(trial_run(false), ERROR_INPUT);
  assert_true(trial_said("--resume goes on") && trial_said("ulimit"));
  assert_false(file_exists(trial_named(".json")));
  fake_set(trial_log, 0, NULL);
  assert_int_equal(trial_run(true), ERROR_NONE);
  trial_is_whole(0);
  assert_in_range(fake_jobs(trial_log), whole, whole + 1);
}

/* The partial result of the part before is worth more than none. */
static void a_disk_that_is_full_keeps_the_partial_result(void **state) {
  (void)state;
  size_t whole = trial_jobs_of_a_whole_run();
  trial_clean(NULL);
  fake_set(trial_log, (int)whole - 6, "interrupt parent");
  assert_int_equal(trial_run(false), ERROR_INTERRUPTED);
  setenv("FAKE_JOURNAL", "/nonexistent", 1);   /* not a byte more, in any file */
  fake_set(trial_log, (int)whole - 3, "full disk and interrupt");
  assert_int_equal(trial_run(true), ERROR_INTERRUPTED);
  assert_true(file_exists(trial_named(".partial.json")) && file_exists(trial_named(".partial.samples.json")));
  result_free(trial_result(".partial.json"));
  fake_set(trial_log, 0, NULL);
  assert_int_equal(trial_run(true), ERROR_NONE);
  trial_is_whole(0);
}

/* What was measured is measured, however little time the rest is given. */
static void a_budget_drops_nothing_that_the_journal_has(void **state) {
  (void)state;
  size_t whole = trial_jobs_of_a_whole_run();
  trial_clean(NULL);
  setenv("FAKE_ESTIMATE", "1000", 1);
  fake_set(trial_log, (int)whole, "kill parent");
  assert_int_equal(trial_run(false), TRIAL_KILLED);
  fake_set(trial_log, 0, NULL);
  trial_options.budget_s = 30;
  assert_int_equal(trial_run(true), ERROR_NONE);
  trial_is_whole(0);
}

int main(int argc, char **argv) {
  platform_begin();
  if (argc > 1 && strcmp(argv[1], "worker") == 0) return fake_worker();
  log_set_level(LOG_NORMAL);
#define TEST(f) cmocka_unit_test_setup(f, trial_clean)
  const struct CMUnitTest tests[] = {
    TEST(a_parent_killed_at_any_job_loses_and_repeats_nothing),
    TEST(an_interrupt_writes_a_partial_result_that_resume_makes_whole),
    TEST(every_unfinished_run_is_kept),
    TEST(resume_with_nothing_to_go_on_with),
    TEST(of_several_devices_one_that_is_done_needs_nothing),
    TEST(a_torn_journal_goes_on),
    TEST(a_journal_of_something_else_is_refused),
    TEST(a_disk_that_fills_up_keeps_what_is_there),
    TEST(a_disk_that_is_full_keeps_the_partial_result),
    TEST(a_budget_drops_nothing_that_the_journal_has),
  };
  return cmocka_run_group_tests(tests, trial_begin, trial_end);
}
