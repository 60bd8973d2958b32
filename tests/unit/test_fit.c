/* The fit and the pool with known answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pool.h"
#include "rng.h"

static struct fit_point point_of(const struct fit *law, double launches, double bytes, double operations, long unit) {
  struct fit_point point = {.amount = {[FIT_LAUNCH] = launches, [FIT_BYTE] = bytes, [FIT_OPERATION] = operations},
                            .unit = unit};
  point.ns = fit_at(law, point.amount);
  return point;
}

static double squares(const struct fit *fit, const struct fit_point *points, size_t n) {
  double sum = 0;
  for (size_t p = 0; p < n; p++) sum += pow(fit_at(fit, points[p].amount) / points[p].ns - 1, 2);
  return sum;
}

/* ---- the fit */

static void recovers_known_coefficients(void **state) {
  (void)state;
  struct rng rng = rng_make(3);
  static const struct fit laws[] = {
    {{5000, 0, 0, 0.004, 2e-5, 0}}, {{0, 0, 0, 0.004, 2e-5, 0}}, {{5000, 0, 0, 0, 2e-5, 0}},
    {{5000, 0, 0, 0.004, 0, 0}},
    {{0, 0, 0, 0.004, 0, 0}}, {{700, 0, 0, 0, 0, 0}}, {{5000, 800, 40, 0.004, 2e-5, 0.3}}, {{0, 0, 40, 0, 2e-5, 0.3}},
  };
  for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
    struct fit_point points[12];
    for (size_t p = 0; p < 12; p++) {
      const double amount[FIT_TERMS] = {1 + (double)(p % 3), (double)(p % 2), 1 + 1e4 * rng_uniform(&rng),
                                        1e4 + 1e8 * rng_uniform(&rng),
                                        1e6 + 1e11 * rng_uniform(&rng), 1e3 + 1e6 * rng_uniform(&rng)};
      points[p].unit = (long)p / 3;
      for (int t = 0; t < FIT_TERMS; t++) points[p].amount[t] = amount[t];
      points[p].ns = fit_at(&laws[i], amount);
    }
    struct fit fit;
    assert_true(fit_solve(points, 12, FIT_NEVER, NULL, &fit));
    for (size_t p = 0; p < 12; p++) assert_float_equal(fit_at(&fit, points[p].amount) / points[p].ns, 1, 1e-6);
  }
}

/* Noise may pull a coefficient below zero; no other nonnegative fit may then be better. Compared with a grid search. */
static void is_the_best_nonnegative_fit(void **state) {
  (void)state;
  struct rng rng = rng_make(4);
  for (int round = 0; round < 200; round++) {
    struct fit_point points[6] = {0};
    for (size_t p = 0; p < 6; p++) {
      points[p].amount[FIT_LAUNCH] = 1;
      points[p].amount[FIT_BYTE] = rng_uniform(&rng);
      points[p].amount[FIT_OPERATION] = rng_uniform(&rng);
      points[p].ns = 0.5 + rng_uniform(&rng);
    }
    struct fit fit;
    assert_true(fit_solve(points, 6, FIT_NEVER, NULL, &fit));
    for (int t = 0; t < FIT_TERMS; t++) assert_true(fit.ns[t] >= 0);
    const double best = squares(&fit, points, 6);
    for (int i = 0; i < 1000; i++) {
      const struct fit other = {{[FIT_LAUNCH] = i % 10 * 0.2, [FIT_BYTE] = i / 10 % 10 * 0.3,
                                 [FIT_OPERATION] = i / 100 * 0.3}};
      assert_true(best <= squares(&other, points, 6) * (1 + 1e-9));
    }
  }
}

/* Two points of one ratio of bytes to operations cannot tell these apart: the law does. */
static void what_the_points_cannot_tell_is_taken_from_the_law(void **state) {
  (void)state;
  const struct fit law = {{[FIT_LAUNCH] = 1000, [FIT_BYTE] = 0.01, [FIT_OPERATION] = 0.002}};
  const struct fit_point points[] = {point_of(&law, 1, 1e6, 2e6, 0), point_of(&law, 1, 4e6, 8e6, 1)};
  const struct fit_point other = point_of(&law, 1, 1e6, 3e7, 2);
  struct fit alone, leaning;
  assert_true(fit_solve(points, 2, FIT_NEVER, NULL, &alone) && fit_solve(points, 2, FIT_NEVER, &law, &leaning));
  assert_true(fabs(fit_at(&alone, other.amount) / other.ns - 1) > 0.5);
  assert_float_equal(fit_at(&leaning, other.amount) / other.ns, 1, 1e-6);
}

/* A law that is twice too slow is given up where points say so. */
static void many_points_outweigh_the_law(void **state) {
  (void)state;
  const struct fit law = {{[FIT_LAUNCH] = 1000, [FIT_BYTE] = 0.01}}, slow = {{[FIT_LAUNCH] = 2000, [FIT_BYTE] = 0.02}};
  struct fit_point points[40];
  for (size_t p = 0; p < 40; p++) points[p] = point_of(&law, 1, 1e4 * (double)(p + 1), 0, (long)p);
  struct fit fit;
  assert_true(fit_solve(points, 40, FIT_NEVER, &slow, &fit));
  for (size_t p = 0; p < 40; p++) assert_float_equal(fit_at(&fit, points[p].amount) / points[p].ns, 1, 0.05);
}

static void too_few_points_have_no_fit(void **state) {
  (void)state;
  const struct fit law = {{[FIT_BYTE] = 1}};
  const struct fit_point points[] = {point_of(&law, 1, 1, 0, 0), point_of(&law, 1, 2, 0, 0),
                                     point_of(&law, 1, 3, 0, FIT_NEVER)};
  struct fit fit;
  assert_false(fit_solve(points, 1, FIT_NEVER, NULL, &fit));
  assert_false(fit_solve(points, 3, 0, NULL, &fit));      /* the one that is never left out does not count */
  assert_true(fit_solve(points, 3, 1, NULL, &fit));
}

/* ---- the pool */

/* Constant times 1, 1 in one unit and 2, 2 in the other: without the second the fit says 1, without the first 2. */
static void what_is_left_out_is_not_known(void **state) {
  (void)state;
  struct fit_point points[4];
  for (size_t p = 0; p < 4; p++)
    points[p] = (struct fit_point){.amount = {[FIT_LAUNCH] = 1}, .ns = p < 2 ? 1 : 2, .unit = p < 2 ? 0 : 1};
  struct pool_member member = {.points = points, .n = 4}, *members[] = {&member};
  for (long unit = 0; unit < 2; unit++) {
    assert_true(pool_fit(members, 1, unit) && member.fitted);
    assert_float_equal(fit_at(&member.fit, points[0].amount), unit == 0 ? 2 : 1, 1e-12);
  }
  for (size_t p = 0; p < 4; p++) points[p].unit = 0;
  assert_true(pool_fit(members, 1, 0) && !member.fitted);
}

/* A member whose two points are of one ratio of bytes to operations tells them apart by the other's. */
static void a_member_leans_on_the_others(void **state) {
  (void)state;
  const struct fit law = {{[FIT_LAUNCH] = 1000, [FIT_BYTE] = 0.01, [FIT_OPERATION] = 0.002}};
  struct fit_point many[6], few[] = {point_of(&law, 1, 1e6, 2e6, 0), point_of(&law, 1, 4e6, 8e6, 1)};
  for (size_t p = 0; p < 6; p++) many[p] = point_of(&law, 1, 1e6 * (double)(p + 1), p % 2 ? 3e7 : 1e6, (long)p);
  struct pool_member members[] = {{.points = many, .n = 6}, {.points = few, .n = 2}};
  struct pool_member *both[] = {&members[0], &members[1]};
  const struct fit_point other = point_of(&law, 1, 1e6, 3e7, 2);
  assert_true(pool_fit(both, 2, FIT_NEVER) && members[1].fitted);
  assert_float_equal(fit_at(&members[1].fit, other.amount) / other.ns, 1, 1e-6);
  assert_true(pool_fit(&both[1], 1, FIT_NEVER));
  assert_true(fabs(fit_at(&members[1].fit, other.amount) / other.ns - 1) > 0.5);
}

static void what_is_not_explained_has_a_known_size(void **state) {
  (void)state;
  struct fit_point points[] = {{.amount = {[FIT_LAUNCH] = 1}, .ns = 1, .unit = 0},
                               {.amount = {[FIT_LAUNCH] = 1}, .ns = 1, .unit = 1}};
  struct pool_member member = {.points = points, .n = 2, .fit = {{[FIT_LAUNCH] = 2}}, .fitted = true};
  struct pool_member *members[] = {&member};
  double sum = 1;
  pool_residual(members, 1, &sum);
  assert_float_equal(sum, 1 + 2 * log(2) * log(2), 1e-12);
  member.fitted = false;
  pool_residual(members, 1, &sum);
  assert_float_equal(sum, 1 + 2 * log(2) * log(2), 1e-12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(recovers_known_coefficients),
    cmocka_unit_test(is_the_best_nonnegative_fit),
    cmocka_unit_test(what_the_points_cannot_tell_is_taken_from_the_law),
    cmocka_unit_test(many_points_outweigh_the_law),
    cmocka_unit_test(too_few_points_have_no_fit),
    cmocka_unit_test(what_is_left_out_is_not_known),
    cmocka_unit_test(a_member_leans_on_the_others),
    cmocka_unit_test(what_is_not_explained_has_a_known_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
