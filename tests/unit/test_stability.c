/* Probability and regret of a choice where both are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stability.h"

static const struct task task = {.prompt = 100, .output = 11, .concurrency = 1};
static struct technique techniques[] = {{.id = "matmul.a"}, {.id = "matmul.b"}};
static struct space_option options[SLOT_COUNT][2];
static const uint8_t first[SLOT_COUNT] = {0}, second[SLOT_COUNT] = {1, 1};

static void set_time(struct space_option *o, double tpot, double half) {
  o->time[PHASE_DECODE] = (struct space_time){.ns = tpot, .lo = tpot - half, .hi = tpot + half};
}

/* Two slots of two techniques, tpot a and b in each; the others have nothing to choose. */
static struct space two_techniques(double a, double b, double half) {
  struct space space = {.quality_known = true, .decode_steps = (double)(task.output - 1), .tokens = 1};
  for (int s = 0; s < SLOT_COUNT; s++) {
    space.slots[s] = (struct space_slot){.options = options[s], .n = s < 2 ? 2 : 1, .share = 1};
    for (size_t o = 0; o < 2; o++) {
      options[s][o] = (struct space_option){.technique = {&techniques[o], &techniques[o]}};
      if (s < 2) set_time(&options[s][o], o == 0 ? a : b, half);
    }
  }
  return space;
}

static struct stability ask(const struct space *space, enum preference preference) {
  struct front_point points[2] = {0};
  for (int s = 0; s < SLOT_COUNT; s++) {
    points[0].choice[s] = first[s];
    points[1].choice[s] = second[s];
  }
  const struct front front = {points, 2};
  struct decision d = {.preference = preference, .point = 0, .quality_known = true};
  for (int o = 0; o < OBJECTIVE_COUNT; o++) d.limits.at[o] = INFINITY;
  struct redraws redraws;
  struct error err = {0};
  assert_true(redraw_make(space, &task, &front, &d, &redraws, &err));
  const struct stability out = stability_of(space, 1, &redraws, 0);
  redraw_free(&redraws);
  return out;
}

/* The logarithms of both are normal, each technique's the same in its two slots. */
static void is_the_probability_of_a_normal_difference(void **state) {
  (void)state;
  for (double b = 1000; b <= 1200; b += 50) {
    const struct space space = two_techniques(1000, b, 100);
    const struct stability s = ask(&space, PREFER_LATENCY);
    const double deviation = hypot(log1p(100 / 1000.0), log1p(100 / b)) / 1.96;
    const double expected = 0.5 * erfc(-log(b / 1000) / deviation / sqrt(2));
    assert_int_equal(s.draws, 1000);
    assert_true(fabs(s.best_share - expected) < 0.05);   /* three deviations of 1,000 draws */
    assert_false(s.unknown_errors);
  }
}

static void regret_is_what_better_ones_would_have_saved(void **state) {
  (void)state;
  struct space space = two_techniques(1000, 800, 0);
  struct stability s = ask(&space, PREFER_LATENCY);
  assert_float_equal(s.best_share, 0, 0);
  assert_float_equal(s.regret, 0.25, 1e-12);
  space = two_techniques(800, 1000, 0);
  s = ask(&space, PREFER_LATENCY);
  assert_float_equal(s.best_share, 1, 0);
  assert_float_equal(s.regret, 0, 0);
}

static void what_time_does_not_decide_stays(void **state) {
  (void)state;
  struct space space = two_techniques(1000, 1000, 300);
  for (int s = 0; s < 2; s++) options[s][1].weight_bytes = 10;
  assert_float_equal(ask(&space, PREFER_MEMORY).best_share, 1, 0);
}

static void an_unknown_error_is_told(void **state) {
  (void)state;
  struct space space = two_techniques(1000, 1200, 0);
  set_time(&options[0][1], 1200, NAN);
  const struct stability s = ask(&space, PREFER_LATENCY);
  assert_true(s.unknown_errors);
  assert_float_equal(s.best_share, 1, 0);
}

/* Errors far wider than the times are apart: the better of each draw has the score 1, the other 2. */
static void every_draw_has_its_own_scale(void **state) {
  (void)state;
  const struct space space = two_techniques(1000, 1001, 500);
  const struct stability s = ask(&space, PREFER_BALANCED);
  assert_true(fabs(s.best_share - 0.5) < 0.05);
  assert_float_equal(s.regret, 1 - s.best_share, 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_draw_has_its_own_scale),
    cmocka_unit_test(is_the_probability_of_a_normal_difference),
    cmocka_unit_test(regret_is_what_better_ones_would_have_saved),
    cmocka_unit_test(what_time_does_not_decide_stays),
    cmocka_unit_test(an_unknown_error_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
