/* The front against brute force on random small spaces, and the trap of totals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "brute.h"
#include "front.h"
#include "rng.h"

enum { MAX_OPTIONS = 5, MAX_SLOTS = 5, MAX_COMBOS = 3125 };

struct space {
  struct front_algebra algebra;
  struct front_cost options[MAX_SLOTS][MAX_OPTIONS];
  struct front_slot slots[MAX_SLOTS];
  size_t n_slots;
  struct front_cost base;
};

static struct front_cost random_cost(struct rng *rng, size_t n, uint64_t range, bool with_zeros) {
  struct front_cost cost = {{0}};
  for (size_t i = 0; i < n; i++) cost.at[i] = with_zeros && rng_below(rng, 3) == 0 ? 0 : (int64_t)rng_below(rng, range);
  return cost;
}

/* A small range makes ties and equal vectors frequent. */
static void random_space(struct rng *rng, size_t coords, struct space *s) {
  static const uint64_t ranges[] = {2, 4, 12, 1000, 1000000000};
  uint64_t range = ranges[rng_below(rng, 5)];
  s->algebra = (struct front_algebra){coords, coords - rng_below(rng, 3)};
  s->n_slots = 1 + rng_below(rng, MAX_SLOTS);
  s->base = random_cost(rng, coords, range, true);
  for (size_t i = 0; i < s->n_slots; i++) {
    s->slots[i] = (struct front_slot){s->options[i], 1 + rng_below(rng, MAX_OPTIONS)};
    for (size_t o = 0; o < s->slots[i].n; o++) s->options[i][o] = random_cost(rng, coords, range, rng_below(rng, 2));
  }
}

/* Kept by definition: nothing else covers it, except equals, of which the first stays. */
static size_t brute_force(const struct space *s, const struct front_cost *all, size_t n, struct front_cost *out) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    bool covered = false;
    for (size_t j = 0; j < n && !covered; j++) {
      if (j == i || !brute_covers(&s->algebra, &all[j], &all[i])) continue;
      covered = front_compare(&s->algebra, &all[j], &all[i]) != 0 || j < i;
    }
    if (!covered) out[kept++] = all[i];
  }
  return kept;
}

static const struct space *sorting;
static int by_cost(const void *a, const void *b) { return front_compare(&sorting->algebra, a, b); }

static void check_space(const struct space *s) {
  static struct front_cost all[MAX_COMBOS], expected[MAX_COMBOS];
  const size_t n_all = brute_all(&s->algebra, &s->base, s->slots, s->n_slots, MAX_COMBOS, all);
  const size_t n = brute_force(s, all, n_all, expected);
  sorting = s;
  qsort(expected, n, sizeof expected[0], by_cost);

  struct front front;
  struct error err = {0};
  assert_true(front_build(&s->algebra, &s->base, s->slots, s->n_slots, 100000, &front, &err));
  assert_int_equal(front.n, n);
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(front_compare(&s->algebra, &front.points[i].cost, &expected[i]), 0);
    struct front_cost replayed = brute_cost(&s->algebra, &s->base, s->slots, s->n_slots, front.points[i].choice);
    assert_int_equal(front_compare(&s->algebra, &replayed, &front.points[i].cost), 0);
  }
  front_free(&front);
}

static void equals_brute_force_on_random_spaces(void **state) {
  (void)state;
  struct rng rng = rng_make(20261122);
  struct space s;
  for (int i = 0; i < 10000; i++) {
    random_space(&rng, 3 + rng_below(&rng, 5), &s);
    check_space(&s);
  }
}

static void does_not_depend_on_the_order_of_slots(void **state) {
  (void)state;
  struct rng rng = rng_make(7);
  struct space s;
  for (int i = 0; i < 300; i++) {
    random_space(&rng, 4, &s);
    struct front_slot reversed[MAX_SLOTS];
    for (size_t j = 0; j < s.n_slots; j++) reversed[j] = s.slots[s.n_slots - 1 - j];
    struct front a, b;
    struct error err = {0};
    assert_true(front_build(&s.algebra, &s.base, s.slots, s.n_slots, 100000, &a, &err));
    assert_true(front_build(&s.algebra, &s.base, reversed, s.n_slots, 100000, &b, &err));
    assert_int_equal(a.n, b.n);
    for (size_t j = 0; j < a.n; j++)
      assert_int_equal(front_compare(&s.algebra, &a.points[j].cost, &b.points[j].cost), 0);
    front_free(&a);
    front_free(&b);
  }
}

/* Slot 0: 10 resident without scratch, or 5 resident with 6 scratch. On totals (10 against 11) the second loses; but
 * slot 1 needs 6 scratch anyway, so it is the only way to stay within 12. */
static void keeps_what_pruning_on_totals_would_lose(void **state) {
  (void)state;
  const struct front_cost first[] = {{{3, 10, 0}}, {{3, 5, 6}}}, second[] = {{{1, 0, 6}}}, base = {{0}};
  const struct front_algebra algebra = {3, 2};   /* time +, resident +, scratch max */
  const struct front_slot slots[] = {{first, 2}, {second, 1}};
  struct front front;
  struct error err = {0};
  assert_true(front_build(&algebra, &base, slots, 2, 100, &front, &err));
  bool feasible = false;
  for (size_t i = 0; i < front.n; i++) feasible |= front.points[i].cost.at[1] + front.points[i].cost.at[2] <= 12;
  assert_true(feasible);
  front_free(&front);

  /* The same space with memory as one + coordinate formed early has no such point. */
  const struct front_cost early_first[] = {{{3, 10}}, {{3, 11}}}, early_second[] = {{{1, 6}}};
  const struct front_algebra early = {2, 2};
  const struct front_slot early_slots[] = {{early_first, 2}, {early_second, 1}};
  assert_true(front_build(&early, &base, early_slots, 2, 100, &front, &err));
  assert_int_equal(front.n, 1);
  assert_true(front.points[0].cost.at[1] > 12);
  front_free(&front);
}

static void of_a_slot_without_options_is_empty(void **state) {
  (void)state;
  const struct front_cost base = {{0}};
  const struct front_algebra algebra = {2, 1};
  const struct front_slot slots[] = {{NULL, 0}};
  struct front front;
  struct error err = {0};
  assert_true(front_build(&algebra, &base, slots, 1, 10, &front, &err));
  assert_int_equal(front.n, 0);
  front_free(&front);
}

static void too_large_is_an_error_that_names_the_remedy(void **state) {
  (void)state;
  struct front_cost options[20];
  for (int i = 0; i < 20; i++) options[i] = (struct front_cost){{i, 20 - i}};
  const struct front_cost base = {{0}};
  const struct front_algebra algebra = {2, 2};
  const struct front_slot slots[] = {{options, 20}};
  struct front front;
  struct error err = {0};
  assert_false(front_build(&algebra, &base, slots, 1, 19, &front, &err));
  assert_non_null(strstr(err.text, "limits"));
  assert_null(front.points);

  const struct front_algebra more_sums_than_costs = {2, 3}, none = {0, 0};
  assert_false(front_build(&more_sums_than_costs, &base, slots, 1, 100, &front, &err));
  assert_false(front_build(&none, &base, slots, 1, 100, &front, &err));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(equals_brute_force_on_random_spaces),
    cmocka_unit_test(does_not_depend_on_the_order_of_slots),
    cmocka_unit_test(keeps_what_pruning_on_totals_would_lose),
    cmocka_unit_test(of_a_slot_without_options_is_empty),
    cmocka_unit_test(too_large_is_an_error_that_names_the_remedy),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
