/* The fit and the pool with known answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "pool.h"
#include "rng.h"

static struct fit_point point_of(const struct fit *law, double launches, double bytes, double operations, long unit) {
  struct fit_point point = {.amount = {[FIT_LAUNCH] = launches, [FIT_BYTE] = bytes, [FIT_OPERATION] = operations}, .unit = unit};
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
    {{5000, 0, 0, 0.004, 2e-5, 0}}, {{0, 0, 0, 0.004, 2e-5, 0}}, {{5000, 0, 0, 0, 2e-5, 0}}, {{5000, 0, 0, 0.004, 0, 0}},
    {{0, 0, 0, 0.004, 0, 0}}, {{700, 0, 0, 0, 0, 0}}, {{5000, 800, 40, 0.004, 2e-5, 0.3}}, {{0, 0, 40, 0, 2e-5, 0.3}},
  };
  for (size_t i = 0; i < sizeof laws / sizeof laws[0]; i++) {
    struct fit_point points[12];
    for (size_t p = 0; p < 12; p++) {
      const double amount[FIT_TERMS] = {1 + (double)(p % 3), (double)(p % 2), 1 + 1e4 * rng_uniform(&rng), 1e4 + 1e8 * rng_uniform(&rng),
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
      const struct fit other = {{[FIT_LAUNCH] = i % 10 * 0.2, [FIT_BYTE] = i / 10 % 10 * 0.3, [FIT_OPERATION] = i / 100 * 0.3}};
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
  const struct fit_point points[] = {point_of(&law, 1, 1, 0, 0), point_of(&law, 1, 2, 0, 0), point_of(&law, 1, 3, 0, FIT_NEVER)};
  struct fit fit;
  assert_false(fit_solve(points, 1, FIT_NEVER, NULL, &fit));
  assert_false(fit_solve(points, 3, 0, NULL, &fit));      /* the one that is never left out does not count */
  assert_true(fit_solve(points, 3, 1, NULL, &fit));
}

/* ---- the pool */

enum { MOST = 16 };
struct fixture { struct fit_point points[MOST]; double left_out[MOST]; };

static struct pool_member member_of(struct fixture *fixture, size_t n) {
  return (struct pool_member){.points = fixture->points, .n = n, .left_out = fixture->left_out};
}

/* Constant times 1, 1 in one unit and 2, 2 in the other: without the second the fit says 1, without the first 2. */
static void leave_one_out_has_a_known_answer(void **state) {
  (void)state;
  struct fixture fixture = {0};
  for (size_t p = 0; p < 4; p++)
    fixture.points[p] = (struct fit_point){.amount = {[FIT_LAUNCH] = 1}, .ns = p < 2 ? 1 : 2, .unit = p < 2 ? 0 : 1};
  struct pool_member member = member_of(&fixture, 4);
  assert_true(pool_fit(&member, 1, 2));
  for (size_t p = 0; p < 4; p++) assert_float_equal(fixture.left_out[p], p < 2 ? 2 : 1, 1e-12);
  assert_float_equal(member.error, log(2), 1e-12);
}

static void one_unit_has_no_leave_one_out_error(void **state) {
  (void)state;
  const struct fit law = {{[FIT_BYTE] = 1}};
  struct fixture fixture = {.points = {point_of(&law, 1, 1, 0, 0), point_of(&law, 1, 2, 0, 0), point_of(&law, 1, 3, 0, 0)}};
  struct pool_member member = member_of(&fixture, 3);
  assert_true(pool_fit(&member, 1, 1));
  assert_true(member.fitted && isnan(member.error) && isnan(fixture.left_out[0]));
}

/* Two techniques at the same shapes, one twice as slow. What a unit takes is not known from the other technique either. */
static void a_unit_is_left_out_in_all_members(void **state) {
  (void)state;
  const struct fit law = {{[FIT_LAUNCH] = 1000, [FIT_BYTE] = 0.01}};
  struct fixture fixtures[2] = {0};
  for (size_t m = 0; m < 2; m++)
    for (size_t p = 0; p < 4; p++) {
      fixtures[m].points[p] = point_of(&law, 1, 1e5 * (double)(p + 1), 0, (long)p);
      fixtures[m].points[p].ns *= (m == 0 ? 1 : 2) * (p == 3 ? 3 : 1);
    }
  struct pool_member members[2] = {member_of(&fixtures[0], 4), member_of(&fixtures[1], 4)};
  assert_true(pool_fit(members, 2, 4));
  for (size_t m = 0; m < 2; m++) assert_true(fixtures[m].left_out[3] < 0.7 * fixtures[m].points[3].ns);
}

/* The farther one shape lies off the law, the wider is the interval of all. */
static void a_shape_off_the_law_widens_the_error(void **state) {
  (void)state;
  const struct fit law = {{[FIT_LAUNCH] = 1000, [FIT_BYTE] = 0.01}};
  double before = 1e-5;
  for (double factor = 1.2; factor < 5; factor *= 1.5) {
    struct fixture fixture = {0};
    for (size_t p = 0; p < 6; p++) fixture.points[p] = point_of(&law, 1, 1e5 * (double)(p + 1), 0, (long)p);
    fixture.points[3].ns *= factor;
    struct pool_member member = member_of(&fixture, 6);
    assert_true(pool_fit(&member, 1, 6));
    assert_true(member.error > before);
    assert_true(exp(1.96 * member.error) > sqrt(factor));
    before = member.error;
  }
}

/* A technique whose two points agree by chance is not surer than its pool allows. */
static void few_points_share_the_error_of_the_pool(void **state) {
  (void)state;
  const struct fit law = {{[FIT_LAUNCH] = 1000, [FIT_BYTE] = 0.01}};
  struct fixture many = {0}, few = {0};
  for (size_t p = 0; p < 8; p++) {
    many.points[p] = point_of(&law, 1, 1e5 * (double)(p + 1), 0, (long)p);
    many.points[p].ns *= p % 2 ? 1.3 : 1 / 1.3;
  }
  for (size_t p = 0; p < 3; p++) few.points[p] = point_of(&law, 1, 2e5 * (double)(p + 1), 0, 8 + (long)p);
  struct pool_member members[2] = {member_of(&many, 8), member_of(&few, 3)};
  assert_true(pool_fit(members, 2, 11));
  assert_true(members[1].error > 0.1 && members[1].error < members[0].error);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(recovers_known_coefficients),
    cmocka_unit_test(is_the_best_nonnegative_fit),
    cmocka_unit_test(what_the_points_cannot_tell_is_taken_from_the_law),
    cmocka_unit_test(many_points_outweigh_the_law),
    cmocka_unit_test(too_few_points_have_no_fit),
    cmocka_unit_test(leave_one_out_has_a_known_answer),
    cmocka_unit_test(one_unit_has_no_leave_one_out_error),
    cmocka_unit_test(a_unit_is_left_out_in_all_members),
    cmocka_unit_test(a_shape_off_the_law_widens_the_error),
    cmocka_unit_test(few_points_share_the_error_of_the_pool),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
