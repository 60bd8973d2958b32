/* The union of the fronts of several settings, and what is decided on it, against brute force over every combination of
 * options of every setting. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outer.h"
#include "rng.h"
#include "stability.h"

enum { SETTINGS = 4, OPTIONS = 3 };
static struct space_option options[SETTINGS][SLOT_COUNT][OPTIONS];
static struct technique techniques[OPTIONS];
static const struct task task = {.prompt = 100, .output = 11, .concurrency = 1};
static const struct limits none = {.at = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY}};

static struct space_time exact(double ns, double joules) {
  return (struct space_time){.ns = ns, .lo = ns, .hi = ns, .joules = joules};
}

static double whole(struct rng *rng, uint64_t below) { return (double)rng_below(rng, below); }

static void set_cost(struct space_option *o) {
  o->cost = (struct front_cost){{llround(o->time[0].ns), llround(o->time[1].ns), llround(o->weight_bytes),
                                 llround(o->quality.nats / QUALITY_UNIT), llround(o->time[0].joules / ENERGY_UNIT),
                                 llround(o->time[1].joules / ENERGY_UNIT), llround(o->scratch_bytes)}};
}

/* What is fixed differs between settings too. */
static struct space random_space(struct rng *rng, size_t setting) {
  struct space space = {.setting.micro_batch = MICRO_BATCH + (int64_t)setting, .quality_known = true, .energy_known = true,
                        .decode_steps = (double)(task.output - 1), .tokens = 1, .fixed_bytes = whole(rng, 60)};
  for (int p = 0; p < PHASE_COUNT; p++) space.fixed[p] = exact(whole(rng, 40), ENERGY_UNIT * whole(rng, 40));
  for (int s = 0; s < SLOT_COUNT; s++) {
    space.slots[s] = (struct space_slot){.options = options[setting][s], .n = 1 + rng_below(rng, s < 3 ? OPTIONS : 2)};
    for (size_t o = 0; o < space.slots[s].n; o++) {
      struct space_option *option = &options[setting][s][o];
      const double nats = QUALITY_UNIT * whole(rng, 40);
      *option = (struct space_option){
        .technique = {&techniques[o], &techniques[o]}, .rank = o, .weight_bytes = whole(rng, 40),
        .scratch_bytes = whole(rng, 80), .quality = {.nats = nats, .lo = nats, .hi = nats}};
      for (int p = 0; p < PHASE_COUNT; p++) option->time[p] = exact(whole(rng, 40), ENERGY_UNIT * whole(rng, 40));
      set_cost(option);
    }
  }
  space.base = (struct front_cost){{llround(space.fixed[0].ns), llround(space.fixed[1].ns), llround(space.fixed_bytes), 0,
                                    llround(space.fixed[0].joules / ENERGY_UNIT), llround(space.fixed[1].joules / ENERGY_UNIT), 0}};
  return space;
}

static bool next_point(const struct space *spaces, size_t n, struct front_point *point) {
  const struct space *space = &spaces[point->choice[CHOICE_SETTING]];
  for (int s = 0; s < SLOT_COUNT; s++) {
    if (++point->choice[s] < space->slots[s].n) return true;
    point->choice[s] = 0;
  }
  return ++point->choice[CHOICE_SETTING] < n;
}

/* In whole steps, so that sums of doubles compare as the front's integers do. */
static double objective(const struct prediction *p, int o) {
  const double value = prediction_objective(p, (enum objective)o);
  return o == OBJECTIVE_QUALITY ? round(value / QUALITY_UNIT) : o == OBJECTIVE_ENERGY ? round(value / ENERGY_UNIT) : value;
}

static bool covers(const struct prediction *a, const struct prediction *b) {
  for (int o = 0; o < OBJECTIVE_COUNT; o++)
    if (objective(a, o) > objective(b, o)) return false;
  return true;
}

/* Every combination of every setting is covered, no point of the union is covered by another combination that is better. */
static void the_union_is_that_of_brute_force(void **state) {
  (void)state;
  struct rng rng = rng_make(21);
  size_t used[SETTINGS] = {0};
  for (int round = 0; round < 40; round++) {
    struct space spaces[SETTINGS];
    for (size_t i = 0; i < SETTINGS; i++) spaces[i] = random_space(&rng, i);
    struct front front;
    struct error err = {0};
    assert_true(outer_unite(spaces, SETTINGS, &front, &err));
    for (size_t i = 0; i < front.n; i++) used[front.points[i].choice[CHOICE_SETTING]]++;
    struct front_point point = {0};
    do {
      const struct prediction p = choose_predict_point(spaces, &task, &point);
      bool covered = false;
      for (size_t i = 0; i < front.n; i++) {
        const struct prediction q = choose_predict_point(spaces, &task, &front.points[i]);
        covered |= covers(&q, &p);
        if (covers(&p, &q) && !covers(&q, &p)) fail_msg("round %d: a point of the union is beaten", round);
      }
      assert_true(covered);
    } while (next_point(spaces, SETTINGS, &point));
    front_free(&front);
  }
  for (size_t i = 0; i < SETTINGS; i++) assert_true(used[i] > 0);
}

static void the_decision_is_the_best_of_all_settings(void **state) {
  (void)state;
  struct rng rng = rng_make(22);
  for (int round = 0; round < 100; round++) {
    struct space spaces[SETTINGS];
    for (size_t i = 0; i < SETTINGS; i++) spaces[i] = random_space(&rng, i);
    struct limits limits = none;
    limits.at[OBJECTIVE_MEMORY] = 120 + whole(&rng, 150);
    const enum preference preference = round % 2 ? PREFER_LATENCY : PREFER_MEMORY;
    const struct decision by = {.preference = preference};
    double best = INFINITY;
    struct front_point point = {0};
    do {
      const struct prediction p = choose_predict_point(spaces, &task, &point);
      if (choose_within(&limits, &p)) best = fmin(best, choose_score(&by, &p));
    } while (next_point(spaces, SETTINGS, &point));
    struct front front;
    struct decision d;
    struct error err = {0};
    assert_true(outer_unite(spaces, SETTINGS, &front, &err));
    if (choose_decide(spaces, &task, &front, &limits, preference, &d, NULL, &err)) {
      const struct prediction won = choose_predict_point(spaces, &task, &front.points[d.point]);
      assert_true(choose_within(&limits, &won));
      assert_float_equal(choose_score(&d, &won), best, 1e-9);
    } else {
      assert_true(isinf(best));
    }
    front_free(&front);
  }
}

/* One option a slot, all free but that of slot 0, whose prefill takes `ns`, known to `half`. */
static struct space one_option(size_t setting, int64_t micro_batch, double ns, double half, double fixed_ns, double bytes) {
  struct space space = {.setting.micro_batch = micro_batch, .quality_known = true};
  for (int s = 0; s < SLOT_COUNT; s++) {
    space.slots[s] = (struct space_slot){.options = options[setting][s], .n = 1};
    options[setting][s][0] = (struct space_option){.technique = {&techniques[0], &techniques[0]}};
  }
  options[setting][0][0].time[PHASE_PREFILL] = (struct space_time){.ns = ns, .lo = ns - half, .hi = ns + half};
  options[setting][0][0].weight_bytes = bytes;
  set_cost(&options[setting][0][0]);
  space.fixed[PHASE_PREFILL] = exact(fixed_ns, 0);
  space.base = (struct front_cost){{llround(fixed_ns)}};
  return space;
}

static uint8_t winner(const struct space *spaces) {
  struct front front;
  struct decision d;
  struct error err = {0};
  assert_true(outer_unite(spaces, 2, &front, &err));
  assert_int_equal(front.n, 2);
  assert_true(choose_decide(spaces, &task, &front, &none, PREFER_LATENCY, &d, NULL, &err));
  const uint8_t won = front.points[d.point].choice[CHOICE_SETTING];
  front_free(&front);
  return won;
}

/* Times of two techniques that tie leave the plain setting; of one technique the faster is faster in every draw. */
static void a_tie_between_settings_goes_to_the_plain_one(void **state) {
  (void)state;
  static const struct technique other = {.id = "matmul.other"};
  struct space same[] = {one_option(0, MICRO_BATCH, 1000, 200, 0, 100), one_option(1, 256, 990, 200, 0, 200)};
  assert_int_equal(winner(same), 1);
  struct space spaces[] = {one_option(0, MICRO_BATCH, 1000, 200, 0, 100), one_option(1, 256, 990, 200, 0, 200)};
  for (int p = 0; p < PHASE_COUNT; p++) options[1][0][0].technique[p] = &other;
  assert_int_equal(winner(spaces), 0);   /* 1 % apart, each known to 20 % */
  spaces[0].setting.micro_batch = 128;
  spaces[1].setting.micro_batch = MICRO_BATCH;
  assert_int_equal(winner(spaces), 1);
}

/* Settings of one technique are redrawn alike: the faster one by the estimates is faster in every draw. */
static void settings_share_the_errors_of_their_techniques(void **state) {
  (void)state;
  const struct space spaces[] = {one_option(0, MICRO_BATCH, 1000, 900, 0, 100), one_option(1, 256, 990, 891, 0, 200)};
  struct front_point points[2] = {{.choice[CHOICE_SETTING] = 1}, {{{0}}, {0}}};
  const struct front front = {points, 2};
  const struct decision d = {.limits = none, .preference = PREFER_LATENCY, .point = 0, .quality_known = true};
  struct redraws redraws;
  struct error err = {0};
  assert_true(redraw_make(spaces, &task, &front, &d, &redraws, &err));
  assert_float_equal(stability_of(spaces, 2, &redraws, 0).best_share, 1, 0);
  redraw_free(&redraws);
}

int main(void) {
  for (size_t i = 0; i < OPTIONS; i++) techniques[i].id = "matmul.f16";
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_union_is_that_of_brute_force),
    cmocka_unit_test(the_decision_is_the_best_of_all_settings),
    cmocka_unit_test(a_tie_between_settings_goes_to_the_plain_one),
    cmocka_unit_test(settings_share_the_errors_of_their_techniques),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
