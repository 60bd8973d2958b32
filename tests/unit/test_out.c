#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "error.h"
#include "out.h"
#include "platform.h"

/* The status of a verb that prints to fd and was else done with `status`. */
static int finish_on(int fd, int status) {
  fflush(stdout);
  int keep = dup(STDOUT_FILENO);
  dup2(fd, STDOUT_FILENO);
  printf("data");
  int got = out_finish(status);
  dup2(keep, STDOUT_FILENO);
  clearerr(stdout);
  close(keep);
  return got;
}

static void output_that_arrives_leaves_the_status(void **state) {
  (void)state;
  int null = open("/dev/null", O_WRONLY);
  assert_int_equal(finish_on(null, EXIT_DONE), EXIT_DONE);
  assert_int_equal(finish_on(null, EXIT_WRONG), EXIT_WRONG);
  close(null);
}

static void lost_output_is_an_error(void **state) {
  (void)state;
  int full = open("/dev/full", O_WRONLY);
  if (full < 0) skip();
  assert_int_equal(finish_on(full, EXIT_DONE), EXIT_INPUT);
  close(full);
}

static void a_reader_that_left_early_is_none(void **state) {
  (void)state;
  int ends[2];
  assert_true(pipe(ends) == 0);
  close(ends[0]);
  assert_int_equal(finish_on(ends[1], EXIT_DONE), EXIT_DONE);
  close(ends[1]);
}

int main(void) {
  platform_begin();
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(output_that_arrives_leaves_the_status),
    cmocka_unit_test(lost_output_is_an_error),
    cmocka_unit_test(a_reader_that_left_early_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
