/* Supported points against brute force: what a choice costs, that nothing beats it, and what the measured gap
 * promises. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "brute.h"
#include "instance.h"
#include "rng.h"
#include "supported.h"

enum { SLOTS = 4, OPTIONS = 4, COMBOS = 256 };

struct space {
  struct front_algebra algebra;
  struct front_cost options[SLOTS][OPTIONS], base;
  struct front_slot slots[SLOTS];
};

static void random_space(struct rng *rng, size_t n_max, struct space *s) {
  const size_t coords = 3 + rng_below(rng, 3);
  s->algebra = (struct front_algebra){coords, coords - n_max};
  for (size_t c = 0; c < coords; c++) s->base.at[c] = (int64_t)rng_below(rng, 50);
  for (size_t i = 0; i < SLOTS; i++) {
    s->slots[i] = (struct front_slot){s->options[i], OPTIONS};
    for (size_t o = 0; o < OPTIONS; o++)
      for (size_t c = 0; c < coords; c++) s->options[i][o].at[c] = (int64_t)rng_below(rng, 1000);
  }
}

static void is_on_the_exact_front(void **state) {
  (void)state;
  struct rng rng = rng_make(3);
  struct front_cost all[COMBOS];
  for (int i = 0; i < 500; i++) {
    struct space s = {0};
    random_space(&rng, (size_t)i % 2, &s);
    brute_all(&s.algebra, &s.base, s.slots, SLOTS, COMBOS, all);
    struct supported found;
    struct error err = {0};
    assert_true(supported_build(&s.algebra, &s.base, s.slots, SLOTS, 50, 9, &found, &err));
    assert_true(found.n > 0);
    for (size_t p = 0; p < found.n; p++) {
      struct front_cost told = {{0}};
      memcpy(told.at, found.points[p].at, sizeof told.at);
      const uint8_t *choice = found.choices + found.points[p].a * found.n_slots;
      const struct front_cost replayed = brute_cost(&s.algebra, &s.base, s.slots, SLOTS, choice);
      assert_int_equal(front_compare(&s.algebra, &told, &replayed), 0);
      /* With a maximum, which has no weight, something may beat it. */
      for (size_t n = 0; n < COMBOS && i % 2 == 0; n++)
        assert_true(!brute_covers(&s.algebra, &all[n], &told) || front_compare(&s.algebra, &all[n], &told) == 0);
    }
    supported_free(&found);
  }
}

static void the_gap_covers_everything(void **state) {
  (void)state;
  struct rng rng = rng_make(4);
  struct front_cost all[COMBOS];
  for (int i = 0; i < 500; i++) {
    struct space s = {0};
    random_space(&rng, 0, &s);
    brute_all(&s.algebra, &s.base, s.slots, SLOTS, COMBOS, all);
    struct bound_slack slack = bound_exact();
    for (size_t c = 0; c < s.algebra.n; c++)
      if (c == 2) slack.absolute[c] = 10;
      else slack.relative[c] = 0.05;
    struct error err = {0};
    struct supported found;
    struct bound *bound = bound_build(&s.algebra, &s.base, s.slots, SLOTS, &slack, COMBOS, &err);
    assert_non_null(bound);
    assert_true(supported_build(&s.algebra, &s.base, s.slots, SLOTS, 20, 9, &found, &err));
    const struct bound_slack proved = bound_proved(bound);
    const double gap = supported_gap(&found, &s.algebra, bound, &slack);
    for (size_t n = 0; n < COMBOS; n++) {
      bool covered = false;
      for (size_t p = 0; p < found.n && !covered; p++) {
        covered = true;
        for (size_t c = 0; c < s.algebra.n; c++) {
          const double near = (double)all[n].at[c] * (1 + proved.relative[c]) + proved.absolute[c];
          const double most = near * (1 + gap * slack.relative[c]) + gap * slack.absolute[c];
          covered &= (double)found.points[p].at[c] <= most + 1e-6;
        }
      }
      assert_true(covered);
    }
    supported_free(&found);
    bound_free(bound);
  }
}

/* 140 decisions: a thousand weightings are nearly as much as is known of the front. */
static void is_close_where_decisions_are_many(void **state) {
  (void)state;
  static struct instance in;
  instance_layers(&in, 3, 20, 1);
  struct bound_slack slack = bound_exact();
  slack.relative[0] = slack.relative[1] = 0.05;
  slack.absolute[2] = 1e6;
  struct error err = {0};
  struct bound *bound = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, 100000, &err);
  struct supported few = {0}, many = {0};
  assert_non_null(bound);
  assert_true(supported_build(&in.algebra, &in.base, in.slots, in.n_slots, 10, 1, &few, &err));
  assert_true(supported_build(&in.algebra, &in.base, in.slots, in.n_slots, 1000, 1, &many, &err));
  assert_true(supported_gap(&many, &in.algebra, bound, &slack) < supported_gap(&few, &in.algebra, bound, &slack));
  assert_true(supported_gap(&many, &in.algebra, bound, &slack) < 3);
  supported_free(&few);
  supported_free(&many);
  bound_free(bound);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(is_on_the_exact_front),
    cmocka_unit_test(the_gap_covers_everything),
    cmocka_unit_test(is_close_where_decisions_are_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
