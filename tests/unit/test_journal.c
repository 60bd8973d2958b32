/* The file of a run's answers: what the disk does when a new one is begun. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "journal.h"
#include "log.h"
#include "platform.h"

static char folder[] = "/tmp/test_journal_XXXXXX";
static char path[64];
static const struct journal_head HEAD = {.suite = "s", .binary = "b", .shaders = "h", .driver = "d", .seed = "1"};

static struct journal *open_journal(bool resume) {
  struct error err = {0};
  struct journal *journal = journal_open(path, &HEAD, resume, &err);
  if (!journal) print_message("%s\n", err.text);
  return journal;
}

static void begin(size_t answers) {
  static const struct answer answer = {.status = STATUS_OK};
  struct error err = {0};
  struct journal *journal = open_journal(false);
  assert_non_null(journal);
  for (size_t i = 0; i < answers; i++)
    assert_true(journal_add(journal, (const char[]){(char)('a' + i), 0}, &answer, &err));
  journal_close(journal, false);
}

static void resumes_with(size_t answers) {
  struct journal *journal = open_journal(true);
  assert_non_null(journal);
  assert_int_equal(journal_answers(journal), answers);
  journal_close(journal, false);
}

static void on_a_full_disk_the_old_one_stays(void **state) {
  (void)state;
  begin(3);
  struct rlimit limit, before;
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_FSIZE, &limit);
  struct journal *journal = open_journal(false);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_null(journal);
  resumes_with(3);
}

static void who_holds_it_keeps_it(void **state) {
  (void)state;
  begin(1);
  struct journal *first = open_journal(true);
  assert_null(open_journal(false));
  assert_null(open_journal(true));
  journal_close(first, false);
  resumes_with(1);
}

static void every_old_one_is_kept(void **state) {
  (void)state;
  for (size_t i = 0; i < 4; i++) begin(i);
  resumes_with(3);
  static const char *const ends[] = {".old", ".old.2", ".old.3"};
  for (size_t i = 0; i < 3; i++) {
    char old[80];
    snprintf(old, sizeof old, "%s%s", path, ends[i]);
    assert_int_equal(rename(old, path), 0);
    resumes_with(i);
  }
}

static int clean(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -f '%s'/*", folder);
  return system(command);
}

static int prepare(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/journal", folder);
  return 0;
}

static int remove_folder(void **state) {
  clean(state);
  return remove(folder);
}

int main(void) {
  platform_begin();
  log_set_level(LOG_QUIET);
#define TEST(f) cmocka_unit_test_setup(f, clean)
  const struct CMUnitTest tests[] = {
    TEST(on_a_full_disk_the_old_one_stays),
    TEST(who_holds_it_keeps_it),
    TEST(every_old_one_is_kept),
  };
  return cmocka_run_group_tests(tests, prepare, remove_folder);
}
