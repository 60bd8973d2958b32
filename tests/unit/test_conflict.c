/* Minimal conflicting sets of limits: one by hand, and random point sets against brute force. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conflict.h"
#include "rng.h"

enum { POINTS = 12 };

static const double free_of_limits[CONFLICT_AXES] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};

static void by_hand(void **state) {
  (void)state;
  const struct conflict_point points[] = {{{9, 1, 5}}, {{1, 9, 5}}, {{4, 4, 5}}};
  struct conflicts c;
  conflict_find(points, 3, (double[]){2, 3, 4, INFINITY, INFINITY, INFINITY}, &c);
  assert_int_equal(c.n, 2);
  assert_int_equal(c.sets[0].members, 4);          /* nothing has the third under 5 */
  assert_float_equal(c.sets[0].least[2], 5, 0);
  assert_int_equal(c.sets[1].members, 3);          /* the first two are each possible, not together */
  assert_float_equal(c.sets[1].least[0], 9, 0);
  assert_float_equal(c.sets[1].least[1], 9, 0);
  for (int a = 0; a < CONFLICT_AXES; a++) assert_true(isnan(c.alone[a]));   /* two sets share no limit */

  conflict_find(points, 3, (double[]){3, 3, 5, INFINITY, INFINITY, INFINITY}, &c);
  assert_int_equal(c.n, 1);
  assert_float_equal(c.alone[0], 9, 0);
  assert_float_equal(c.alone[1], 9, 0);
  assert_true(isnan(c.alone[2]));                  /* giving it up helps nothing */
}

/* All other limits kept, one may have to give more than within its set. */
static void what_one_limit_gives_depends_on_all_others(void **state) {
  (void)state;
  const struct conflict_point points[] = {{{1, 9, 0}}, {{5, 1, 8}}, {{7, 1, 2}}};
  struct conflicts c;
  conflict_find(points, 3, (double[]){2, 3, 4, INFINITY, INFINITY, INFINITY}, &c);
  assert_int_equal(c.n, 1);
  assert_int_equal(c.sets[0].members, 3);
  assert_float_equal(c.sets[0].least[0], 5, 0);
  assert_float_equal(c.alone[0], 7, 0);
}

static void an_unknown_value_keeps_no_limit(void **state) {
  (void)state;
  const struct conflict_point points[] = {{{NAN, 1}}, {{NAN, 2}}};
  struct conflicts c;
  conflict_find(points, 2, (double[]){1e9, 5, INFINITY, INFINITY, INFINITY, INFINITY}, &c);
  assert_int_equal(c.n, 1);
  assert_int_equal(c.sets[0].members, 1);
  assert_true(isnan(c.sets[0].least[0]));
  conflict_find(points, 2, free_of_limits, &c);
  assert_int_equal(c.n, 0);
}

/* The definition, word by word. */
static bool keeps(const struct conflict_point *p, const double *limit, unsigned set) {
  for (int a = 0; a < CONFLICT_AXES; a++)
    if ((set >> a & 1) && p->at[a] > limit[a]) return false;
  return true;
}

static bool possible(const struct conflict_point *points, size_t n, const double *limit, unsigned set) {
  for (size_t i = 0; i < n; i++)
    if (keeps(&points[i], limit, set)) return true;
  return false;
}

static bool minimal(const struct conflict_point *points, size_t n, const double *limit, unsigned set) {
  for (unsigned part = 0; part < set; part++)
    if ((part & set) == part && !possible(points, n, limit, part)) return false;
  return !possible(points, n, limit, set);
}

static double least(const struct conflict_point *points, size_t n, const double *limit, unsigned kept, int axis) {
  double found = INFINITY;
  for (size_t i = 0; i < n; i++)
    if (keeps(&points[i], limit, kept) && points[i].at[axis] < found) found = points[i].at[axis];
  return found;
}

static void random_points_against_brute_force(void **state) {
  (void)state;
  struct rng rng = rng_make(3);
  size_t with[CONFLICT_AXES + 1] = {0}, several = 0;
  for (int round = 0; round < 3000; round++) {
    struct conflict_point points[POINTS];
    double limit[CONFLICT_AXES];
    const size_t n = 1 + rng_below(&rng, POINTS);
    unsigned all = 0;
    for (size_t i = 0; i < n; i++)
      for (int a = 0; a < CONFLICT_AXES; a++) points[i].at[a] = (double)rng_below(&rng, 10);
    for (int a = 0; a < CONFLICT_AXES; a++) {
      limit[a] = rng_below(&rng, 4) ? (double)rng_below(&rng, 8) : INFINITY;
      if (isfinite(limit[a])) all |= 1u << a;
    }

    struct conflicts c;
    conflict_find(points, n, limit, &c);
    size_t expected = 0;
    for (unsigned set = 1; set < 1u << CONFLICT_AXES; set++) {
      if (!minimal(points, n, limit, set)) continue;
      expected++;
      size_t s = 0;
      while (s < c.n && c.sets[s].members != set) s++;
      assert_true(s < c.n);
      with[__builtin_popcount(set)]++;
      for (int a = 0; a < CONFLICT_AXES; a++)
        if (set >> a & 1)
          assert_float_equal(c.sets[s].least[a], least(points, n, limit, set & ~(1u << a), a), 0);
    }
    assert_int_equal(c.n, expected);
    several += c.n > 1;
    for (size_t s = 1; s < c.n; s++)
      assert_true(__builtin_popcount(c.sets[s - 1].members) <= __builtin_popcount(c.sets[s].members));
    for (int a = 0; a < CONFLICT_AXES; a++) {
      const double alone = least(points, n, limit, all & ~(1u << a), a);
      if (!(all >> a & 1) || isinf(alone)) assert_true(isnan(c.alone[a]));
      else assert_float_equal(c.alone[a], alone, 0);
    }
  }
  for (int size = 1; size <= 4; size++) assert_true(with[size] > 20);   /* sets of every size were met */
  assert_true(several > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(by_hand),
    cmocka_unit_test(what_one_limit_gives_depends_on_all_others),
    cmocka_unit_test(an_unknown_value_keeps_no_limit),
    cmocka_unit_test(random_points_against_brute_force),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
