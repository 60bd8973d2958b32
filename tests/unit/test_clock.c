#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "clock.h"

enum { READINGS = 12 };
static const uint64_t MS = 1000000;

/* Readings of a good clock of 1 ns a tick: 12 ms of work each, 0.1 ms of the host's round it, steps of 32 ticks. */
static void make_good(struct clock_reading *reading) {
  uint64_t now = 5000 * MS;
  for (int i = 0; i < READINGS; i++) {
    uint64_t work = (uint64_t)(12 + i % 3) * MS + (uint64_t)i * 96;
    reading[i] = (struct clock_reading){now & ~31u, (now + work) & ~31u, work + MS / 10};
    now += work + MS + (uint64_t)i * 32;
  }
}

static struct clock_judgement judge(const struct clock_reading *reading) {
  return clock_judge(reading, READINGS, 64, 1);
}

static void test_time_between_ticks(void **state) {
  (void)state;
  assert_true(clock_ns(100, 150, 64, 2.5) == 125);
  assert_true(clock_ns(100, 100, 64, 1) == 0);
  const uint64_t top = 1ull << 36;
  assert_true(clock_ns(top - 10, 20, 36, 52) == 30 * 52);           /* wrapped once */
  assert_true(clock_ns(UINT64_MAX - 9, 20, 64, 1) == 30);
  assert_true(clock_ns(top - 10, top + 20, 36, 1) == 30);           /* bits above the valid ones do not count */
}

static void test_good(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  struct clock_judgement judgement = judge(reading);
  assert_int_equal(judgement.state, CLOCK_GOOD);
  assert_true(judgement.resolution_ns == 32);
  assert_true(judgement.ratio > 0.98 && judgement.ratio < 1);
}

static void test_good_over_a_wrap(void **state) {
  (void)state;
  const uint64_t mask = (1ull << 36) - 1;
  for (int within = 0; within < READINGS; within++) {   /* wraps in the middle of a reading, or just before it */
    struct clock_reading reading[READINGS];
    make_good(reading);
    uint64_t at = within % 2 ? reading[within].begin - 32 : (reading[within].begin + reading[within].end) / 2;
    for (int i = 0; i < READINGS; i++) {
      reading[i].begin = (reading[i].begin - at) & mask;
      reading[i].end = (reading[i].end - at) & mask;
    }
    assert_int_equal(clock_judge(reading, READINGS, 36, 1).state, CLOCK_GOOD);
  }
}

static void test_absent(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  assert_int_equal(clock_judge(NULL, 0, 64, 1).state, CLOCK_GOOD);   /* as far as the driver says */
  assert_int_equal(clock_judge(NULL, 0, 0, 1).state, CLOCK_ABSENT);
  assert_int_equal(clock_judge(reading, READINGS, 64, 0).state, CLOCK_ABSENT);
  assert_int_equal(clock_judge(reading, READINGS, 64, NAN).state, CLOCK_ABSENT);
}

static void test_short(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  assert_int_equal(clock_judge(reading, READINGS, 20, 1).state, CLOCK_SHORT);
  assert_int_equal(clock_judge(reading, READINGS, 32, 1).state, CLOCK_SHORT);        /* 4.3 s */
  assert_int_equal(clock_judge(reading, READINGS, 36, 1).state, CLOCK_GOOD);         /* the least that Vulkan allows */
}

static void test_still(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  for (int i = 0; i < READINGS; i++) reading[i].begin = reading[i].end = 0;
  assert_int_equal(judge(reading).state, CLOCK_STILL);
  for (int i = 0; i < READINGS; i++) reading[i].begin = reading[i].end = 77;
  assert_int_equal(judge(reading).state, CLOCK_STILL);
}

static void test_backwards(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  for (int i = 0; i < READINGS; i++) {
    reading[i].begin = UINT64_MAX - reading[i].begin;
    reading[i].end = UINT64_MAX - reading[i].end;
  }
  assert_int_equal(judge(reading).state, CLOCK_BACKWARDS);
  make_good(reading);
  reading[7].begin = reading[6].end - 320;   /* one small jump between two submissions */
  assert_int_equal(judge(reading).state, CLOCK_BACKWARDS);
}

static void scale(struct clock_reading *reading, double factor) {
  make_good(reading);
  for (int i = 0; i < READINGS; i++) {
    reading[i].begin = (uint64_t)(factor * (double)reading[i].begin);
    reading[i].end = (uint64_t)(factor * (double)reading[i].end);
  }
}

static void test_scaled(void **state) {
  (void)state;
  const struct { double factor; enum clock_state state; } cases[] = {
    {1.5, CLOCK_FAST}, {1.1, CLOCK_FAST}, {1.001, CLOCK_GOOD}, {0.99, CLOCK_GOOD}, {0.8, CLOCK_SLOW}, {0.5, CLOCK_SLOW},
  };
  struct clock_reading reading[READINGS];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    scale(reading, cases[i].factor);
    assert_int_equal(judge(reading).state, cases[i].state);
  }
}

/* A busy machine lengthens the host's time; one reading that it left alone is enough. */
static void test_busy_machine(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  for (int i = 0; i < READINGS; i++)
    if (i != 5) reading[i].host_ns *= 7;
  assert_int_equal(judge(reading).state, CLOCK_GOOD);
}

static void test_coarse(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  for (int i = 0; i < READINGS; i++) {
    reading[i].begin -= reading[i].begin % MS;
    reading[i].end -= reading[i].end % MS;
  }
  struct clock_judgement judgement = judge(reading);
  assert_int_equal(judgement.state, CLOCK_COARSE);
  assert_true(judgement.resolution_ns == 1e6);
}

static void test_too_short_to_tell(void **state) {
  (void)state;
  struct clock_reading reading[READINGS];
  make_good(reading);
  for (int i = 0; i < READINGS; i++) reading[i].end = reading[i].begin + 3200, reading[i].host_ns = 90000;
  struct clock_judgement judgement = judge(reading);
  assert_int_equal(judgement.state, CLOCK_GOOD);   /* nothing speaks against it */
  assert_true(isnan(judgement.ratio));
}

static void test_exceeds(void **state) {
  (void)state;
  assert_false(clock_exceeds(1000, 1000, 0));
  assert_false(clock_exceeds(1019, 1000, NAN));
  assert_true(clock_exceeds(1021, 1000, NAN));
  assert_false(clock_exceeds(1500, 1000, 1000));   /* one step of a coarse clock */
  assert_true(clock_exceeds(2100, 1000, 1000));
}

static void test_words(void **state) {
  (void)state;
  char text[256];
  for (int s = CLOCK_GOOD; s <= CLOCK_COARSE; s++) {
    struct clock_judgement judgement = {(enum clock_state)s, 32, 0.99};
    clock_describe(&judgement, 36, 1, text, sizeof text);
    assert_true(strlen(text) < sizeof text - 1);
    assert_true((strstr(text, "times are of the host's clock") != NULL) == (s != CLOCK_GOOD));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_time_between_ticks), cmocka_unit_test(test_good), cmocka_unit_test(test_good_over_a_wrap),
    cmocka_unit_test(test_absent), cmocka_unit_test(test_short), cmocka_unit_test(test_still),
    cmocka_unit_test(test_backwards), cmocka_unit_test(test_scaled), cmocka_unit_test(test_busy_machine),
    cmocka_unit_test(test_coarse), cmocka_unit_test(test_too_short_to_tell), cmocka_unit_test(test_exceeds),
    cmocka_unit_test(test_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
