/* The thread that reads a meter while a device works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "meter_tree.h"
#include "recorder.h"

/* A counter that moves by 1 J twenty times, with a pause after each. */
static void record(useconds_t pause, struct trace *trace) {
  struct error err = {0};
  tree_put(HWMON "energy1_input", 0);
  struct meter *meter = meter_of_tree(DEVICE_DISCRETE);
  struct recorder *recorder = recorder_start(meter, &err);
  assert_non_null(recorder);
  for (uint64_t joules = 1; joules <= 20; joules++) {
    tree_put(HWMON "energy1_input", 1000000 * joules);
    usleep(pause);
  }
  assert_true(recorder_stop(recorder, trace, &err));
  meter_close(meter);
}

static void recorder_sees_what_moves(void **state) {
  (void)state;
  struct trace trace;
  tree_put_text(HWMON "name", "xe\n");
  /* A busy machine may not let the thread run in a third of a second. */
  for (useconds_t pause = 15000; record(pause, &trace), trace.n < 2; pause *= 2) free(trace.readings);
  for (size_t i = 1; i < trace.n; i++) {
    assert_true(trace.readings[i].at > trace.readings[i - 1].at);
    assert_true(trace.readings[i].value >= trace.readings[i - 1].value);
  }
  assert_true(trace.readings[trace.n - 1].value <= 20);
  free(trace.readings);
}

static void recorder_tells_of_a_file_that_vanishes(void **state) {
  (void)state;
  tree_put_text(HWMON "name", "xe\n");
  tree_put(HWMON "energy1_input", 0);
  struct meter *meter = meter_of_tree(DEVICE_DISCRETE);
  struct error err = {0};
  char path[256];
  snprintf(path, sizeof path, "%s/" HWMON "energy1_input", tree_folder);
  unlink(path);
  struct recorder *recorder = recorder_start(meter, &err);
  struct trace trace;
  assert_false(recorder_stop(recorder, &trace, &err));
  assert_non_null(strstr(err.text, "energy1_input"));
  assert_null(trace.readings);
  assert_false(recorder_stop(NULL, &trace, &err));
  meter_close(meter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_TREE(recorder_sees_what_moves),
      IN_TREE(recorder_tells_of_a_file_that_vanishes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
