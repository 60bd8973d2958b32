/* The proof of bound.h against brute force: every combination within the limits is covered within the slack, and every
 * point kept is what its choice costs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bound.h"
#include "brute.h"
#include "instance.h"
#include "rng.h"

enum { MAX_OPTIONS = 3, MAX_SLOTS = 6, MAX_COMBOS = 729 };

struct space {
  struct front_algebra algebra;
  struct front_cost options[MAX_SLOTS][MAX_OPTIONS], base;
  struct front_slot slots[MAX_SLOTS];
  size_t n_slots;
};

static struct front_cost random_cost(struct rng *rng, size_t n, uint64_t range) {
  struct front_cost cost = {{0}};
  for (size_t i = 0; i < n; i++) cost.at[i] = rng_below(rng, 4) == 0 ? 0 : (int64_t)rng_below(rng, range);
  return cost;
}

/* Every other space repeats a slot, so that halves are alike. */
static void random_space(struct rng *rng, struct space *s) {
  static const uint64_t ranges[] = {3, 12, 1000, 1000000000};
  const uint64_t range = ranges[rng_below(rng, 4)];
  const size_t coords = 2 + rng_below(rng, 6);
  s->algebra = (struct front_algebra){coords, coords - rng_below(rng, 3)};
  s->n_slots = 1 + rng_below(rng, MAX_SLOTS);
  s->base = random_cost(rng, coords, range);
  const bool alike = rng_below(rng, 2);
  for (size_t i = 0; i < s->n_slots; i++) {
    s->slots[i] = (struct front_slot){s->options[i], 1 + rng_below(rng, MAX_OPTIONS)};
    for (size_t o = 0; o < s->slots[i].n; o++) s->options[i][o] = random_cost(rng, coords, range);
    if (alike && i > 0) s->slots[i] = s->slots[0];
  }
}

static struct bound_slack random_slack(struct rng *rng, const struct space *s) {
  static const double relatives[] = {0, 0.01, 0.2, 1};
  struct bound_slack slack = bound_exact();
  slack.exact_slots = rng_below(rng, 3);
  for (size_t c = 0; c < s->algebra.n; c++)
    if (rng_below(rng, 3) == 0) slack.absolute[c] = (double)rng_below(rng, 200);
    else slack.relative[c] = relatives[rng_below(rng, 4)];
  return slack;
}

static bool is_within(const struct space *s, const struct bound_slack *slack, const struct front_cost *cost,
                      bool with_slack) {
  for (size_t c = 0; c < s->algebra.n; c++) {
    const double most = with_slack ? slack->limit[c] * (1 + slack->relative[c]) + slack->absolute[c] : slack->limit[c];
    if ((double)cost->at[c] > most) return false;
  }
  return true;
}

static bool covers(const struct space *s, const struct bound_slack *slack, const struct front_cost *kept,
                   const struct front_cost *cost) {
  for (size_t c = 0; c < s->algebra.n; c++)
    if ((double)kept->at[c] > (double)cost->at[c] * (1 + slack->relative[c]) + slack->absolute[c]) return false;
  return true;
}

static void check_points(const struct space *s, const struct bound_slack *slack, const struct bound *bound,
                         struct front_cost *kept) {
  const struct bound_slack proved = bound_proved(bound);
  for (size_t c = 0; c < s->algebra.n; c++)
    assert_true(proved.relative[c] <= slack->relative[c] && proved.absolute[c] <= slack->absolute[c]);
  for (size_t i = 0; i < bound_count(bound); i++) {
    uint8_t choice[MAX_SLOTS];
    bound_choice(bound, i, choice);
    kept[i] = brute_cost(&s->algebra, &s->base, s->slots, s->n_slots, choice);
    const struct front_cost told = bound_cost(bound, i);
    assert_int_equal(front_compare(&s->algebra, &kept[i], &told), 0);
    assert_true(is_within(s, slack, &told, true));
  }
}

static void check_space(const struct space *s, const struct bound_slack *slack) {
  static struct front_cost all[MAX_COMBOS], kept[MAX_COMBOS];
  const size_t n = brute_all(&s->algebra, &s->base, s->slots, s->n_slots, MAX_COMBOS, all);
  struct error err = {0};
  struct bound *bound = bound_build(&s->algebra, &s->base, s->slots, s->n_slots, slack, MAX_COMBOS, &err);
  if (!bound) fail_msg("%s", err.text);
  check_points(s, slack, bound, kept);
  const struct bound_slack proved = bound_proved(bound);
  for (size_t i = 0; i < n; i++) {
    if (!is_within(s, slack, &all[i], false)) continue;
    bool covered = false;
    for (size_t k = 0; k < bound_count(bound) && !covered; k++) covered = covers(s, &proved, &kept[k], &all[i]);
    assert_true(covered);
  }
  bound_free(bound);
}

static void covers_all_of_random_spaces(void **state) {
  (void)state;
  struct rng rng = rng_make(5);
  struct space s;
  for (int i = 0; i < 10000; i++) {
    random_space(&rng, &s);
    const struct bound_slack slack = random_slack(&rng, &s);
    check_space(&s, &slack);
  }
}

/* Limits at the cost of a random combination: some spaces have few within, some many. */
static void covers_all_within_limits(void **state) {
  (void)state;
  struct rng rng = rng_make(6);
  struct space s;
  for (int i = 0; i < 10000; i++) {
    random_space(&rng, &s);
    struct bound_slack slack = random_slack(&rng, &s);
    uint8_t choice[MAX_SLOTS];
    for (size_t j = 0; j < s.n_slots; j++) choice[j] = (uint8_t)rng_below(&rng, s.slots[j].n);
    const struct front_cost at = brute_cost(&s.algebra, &s.base, s.slots, s.n_slots, choice);
    for (size_t c = 0; c < s.algebra.n; c++)
      if (rng_below(&rng, 2)) slack.limit[c] = (double)at.at[c];
    check_space(&s, &slack);
  }
}

static void without_slack_it_is_the_exact_front(void **state) {
  (void)state;
  static struct instance in;
  for (size_t coords = 3; coords <= 4; coords++) {
    instance_classes(&in, coords, 9);
    struct front front;
    struct error err = {0};
    const struct bound_slack slack = bound_exact();
    assert_true(front_build(&in.algebra, &in.base, in.slots, in.n_slots, 100000, &front, &err));
    struct bound *bound = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, 100000, &err);
    assert_non_null(bound);
    assert_int_equal(bound_count(bound), front.n);
    for (size_t i = 0; i < front.n; i++) {
      const struct front_cost cost = bound_cost(bound, i);
      assert_int_equal(front_compare(&in.algebra, &cost, &front.points[i].cost), 0);
    }
    bound_free(bound);
    front_free(&front);
  }
}

/* 28 decisions: what is proved holds against the exact front, and slack makes it shorter. */
static void slack_shortens_a_long_front(void **state) {
  (void)state;
  static struct instance in;
  instance_layers(&in, 3, 4, 1);
  struct bound_slack slack = bound_exact();
  struct error err = {0};
  struct bound *exact = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, 1000000, &err);
  slack.relative[0] = slack.relative[1] = 0.01;
  slack.absolute[2] = 1e5;
  struct bound *near = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, 1000000, &err);
  assert_true(exact && near && bound_count(near) < bound_count(exact) / 10);
  for (size_t i = 0; i < bound_count(exact); i++) {
    const struct front_cost cost = bound_cost(exact, i);
    bool covered = false;
    for (size_t k = 0; k < bound_count(near) && !covered; k++) {
      const struct front_cost kept = bound_cost(near, k);
      covered = (double)kept.at[0] <= 1.01 * (double)cost.at[0] && (double)kept.at[1] <= 1.01 * (double)cost.at[1]
             && kept.at[2] <= cost.at[2] + 100000;
    }
    assert_true(covered);
  }
  bound_free(exact);
  bound_free(near);
}

static void what_it_cannot_hold_is_an_error(void **state) {
  (void)state;
  const struct front_cost options[] = {{{1, 2}}, {{2, 1}}}, negative[] = {{{-1, 2}}}, base = {{0}};
  const struct front_algebra algebra = {2, 2};
  const struct front_slot two[] = {{options, 2}, {options, 2}}, below[] = {{negative, 1}}, none[] = {{options, 0}};
  const struct bound_slack slack = bound_exact();
  struct error err = {0};
  assert_null(bound_build(&algebra, &base, two, 2, &slack, 2, &err));
  assert_non_null(strstr(err.text, "slack"));
  assert_null(bound_build(&algebra, &base, below, 1, &slack, 100, &err));
  assert_null(bound_build(&algebra, &base, none, 1, &slack, 100, &err));
  assert_null(bound_build(&algebra, &base, two, 0, &slack, 100, &err));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(covers_all_of_random_spaces),
    cmocka_unit_test(covers_all_within_limits),
    cmocka_unit_test(without_slack_it_is_the_exact_front),
    cmocka_unit_test(slack_shortens_a_long_front),
    cmocka_unit_test(what_it_cannot_hold_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
