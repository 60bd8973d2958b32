/* Fronts of realistic size, of real models and tasks on measured devices among them: parts against all combinations,
 * the whole against a plain fold, the bound against the exact front. */
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

static const char *const names[] = {"llama-3.1-8b.chat", "mixtral-8x7b.rag", "qwen2.5-vl-7b.describe"};
enum { NAMES = 3, PART = 4, COMBOS = 4096 };

static struct instance in;

/* Slots as far as they multiply to no more than can be tried. */
static size_t draw_part(struct rng *rng, struct front_slot *out) {
  size_t combos = 1, n = 0;
  for (int tries = 0; tries < 20 && n < PART; tries++) {
    const struct front_slot slot = in.slots[rng_below(rng, in.n_slots)];
    if (combos * slot.n > COMBOS) continue;
    combos *= slot.n;
    out[n++] = slot;
  }
  return n;
}

static void parts_equal_brute_force(void **state) {
  (void)state;
  static struct front_cost all[COMBOS];
  struct rng rng = rng_make(11);
  for (int i = 0; i < 5 * NAMES; i++) {
    instance_file(&in, names[i % NAMES]);
    struct front_slot slots[PART];
    const size_t n_slots = draw_part(&rng, slots);
    const size_t n = brute_all(&in.algebra, &in.base, slots, n_slots, COMBOS, all);
    struct front front;
    struct error err = {0};
    assert_true(front_build(&in.algebra, &in.base, slots, n_slots, COMBOS, &front, &err));
    size_t expected = 0;
    for (size_t a = 0; a < n; a++) {
      bool covered = false;
      for (size_t b = 0; b < n && !covered; b++)
        covered = brute_covers(&in.algebra, &all[b], &all[a])
               && (b < a || front_compare(&in.algebra, &all[b], &all[a]) != 0);
      if (covered) continue;
      size_t at = 0;
      while (at < front.n && front_compare(&in.algebra, &front.points[at].cost, &all[a]) != 0) at++;
      assert_true(at < front.n);
      expected++;
    }
    assert_int_equal(front.n, expected);
    front_free(&front);
  }
}

enum { FRONT_MOST = 4000 };

/* One slot after the other, each sum compared with all others: what front_build must find, found as plainly as can
 * be. */
static size_t plain_fold(struct front_cost *front) {
  static struct front_cost sums[FRONT_MOST * INSTANCE_OPTIONS];
  size_t n = 1;
  front[0] = in.base;
  for (size_t s = 0; s < in.n_slots; s++) {
    size_t n_sums = 0, kept = 0;
    for (size_t i = 0; i < n; i++)
      for (size_t o = 0; o < in.slots[s].n; o++)
        sums[n_sums++] = front_combine(&in.algebra, &front[i], &in.slots[s].options[o]);
    for (size_t i = 0; i < n_sums; i++) {
      bool covered = false;
      for (size_t k = 0; k < kept && !covered; k++) covered = brute_covers(&in.algebra, &front[k], &sums[i]);
      if (covered) continue;
      size_t left = 0;
      for (size_t k = 0; k < kept; k++)
        if (!brute_covers(&in.algebra, &sums[i], &front[k])) front[left++] = front[k];
      assert_true(left < FRONT_MOST);
      front[left] = sums[i];
      kept = left + 1;
    }
    n = kept;
  }
  return n;
}

static int by_cost(const void *a, const void *b) { return front_compare(&in.algebra, a, b); }

static void equals_plain_fold(void) {
  static struct front_cost expected[FRONT_MOST];
  const size_t n = plain_fold(expected);
  qsort(expected, n, sizeof expected[0], by_cost);
  struct front front;
  struct error err = {0};
  assert_true(front_build(&in.algebra, &in.base, in.slots, in.n_slots, FRONT_MOST * 10, &front, &err));
  assert_int_equal(front.n, n);
  for (size_t i = 0; i < n; i++) assert_int_equal(front_compare(&in.algebra, &front.points[i].cost, &expected[i]), 0);
  front_free(&front);
}

static void the_whole_equals_a_plain_fold(void **state) {
  (void)state;
  for (int i = 0; i < NAMES; i++) {
    instance_file(&in, names[i]);
    equals_plain_fold();
  }
  for (size_t coords = 3; coords <= 4; coords++) {
    instance_classes(&in, coords, 5);
    equals_plain_fold();
  }
}

static void the_bound_covers_the_exact_front(void **state) {
  (void)state;
  for (int i = 0; i < NAMES; i++) {
    instance_file(&in, names[i]);
    struct bound_slack slack = bound_exact();
    slack.exact_slots = 3;
    for (size_t c = 0; c < in.algebra.n; c++)
      if (c == 3) slack.absolute[c] = 1e6;
      else slack.relative[c] = 0.03;
    struct front exact;
    struct error err = {0};
    assert_true(front_build(&in.algebra, &in.base, in.slots, in.n_slots, 100000, &exact, &err));
    struct bound *near = bound_build(&in.algebra, &in.base, in.slots, in.n_slots, &slack, 100000, &err);
    assert_non_null(near);
    assert_true(bound_count(near) < exact.n);
    for (size_t p = 0; p < exact.n; p++) {
      bool covered = false;
      for (size_t k = 0; k < bound_count(near) && !covered; k++) {
        const struct front_cost kept = bound_cost(near, k);
        covered = true;
        for (size_t c = 0; c < in.algebra.n; c++) {
          const double most = (double)exact.points[p].cost.at[c] * (1 + slack.relative[c]) + slack.absolute[c];
          covered &= (double)kept.at[c] <= most;
        }
      }
      assert_true(covered);
    }
    bound_free(near);
    front_free(&exact);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(parts_equal_brute_force),
    cmocka_unit_test(the_whole_equals_a_plain_fold),
    cmocka_unit_test(the_bound_covers_the_exact_front),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
